"""Audit of splits: what the parts of anybody's train and test lists share."""

from serenade.split_audit.audit import Audit, audit
from serenade.split_audit.write import write_audit

__all__ = ["Audit", "audit", "write_audit"]
