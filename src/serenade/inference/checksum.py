"""The checksum of an ONNX file: the last entry of its metadata, a hash of all bytes before it.

A flipped bit in a weight changes predictions without any other sign. Protobuf reads fields that are appended
to a message as a part of it, so the entry needs neither a file beside the model nor the package `onnx`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from serenade.errors import ModelError

METADATA = {"checksum": "sha256"}
"""Metadata of every model with a checksum: an entry that was removed or renamed is missed."""

_BLOCK = 1 << 20
_METADATA_FIELD, _KEY_FIELD, _VALUE_FIELD = b"\x72", b"\x0a", b"\x12"  # 14, 1 and 2 in onnx.proto, as bytes
_KEY = METADATA["checksum"].encode()
_DIGITS = 64
_PAIR = _KEY_FIELD + bytes([len(_KEY)]) + _KEY + _VALUE_FIELD + bytes([_DIGITS])
_HEAD = _METADATA_FIELD + bytes([len(_PAIR) + _DIGITS]) + _PAIR


def with_checksum(model: bytes) -> bytes:
    """A serialised ONNX model whose metadata has `METADATA`, with its checksum at the end.

    >>> with_checksum(b"model")[-64:-52]
    b'9372c470eead'
    """
    return model + _HEAD + hashlib.sha256(model).hexdigest().encode()


def has_checksum(file: Path) -> bool:
    """Whether an ONNX file ends with a checksum, which is compared.

    Raises:
        ModelError: the checksum is wrong.
        OSError: the file cannot be read.
    """
    with open(file, "rb") as source:
        size = source.seek(0, 2) - len(_HEAD) - _DIGITS
        if size < 0:
            return False
        source.seek(size)
        entry = source.read()
        if not entry.startswith(_HEAD):
            return False
        source.seek(0)
        digest = hashlib.sha256()
        while size > 0 and (block := source.read(min(size, _BLOCK))):
            digest.update(block)
            size -= len(block)
    if entry[len(_HEAD) :] != digest.hexdigest().encode():
        raise _damaged(file)
    return True


def require_checksum(metadata: Mapping[str, str], *, file: Path) -> None:
    """Check that a model without a checksum was written without one.

    Args:
        metadata: of an ONNX file that has no checksum.
        file: the file, for the message.

    Raises:
        ModelError: its metadata has `METADATA`.
    """
    if METADATA.items() <= metadata.items():
        raise _damaged(file)


def _damaged(file: Path) -> ModelError:
    return ModelError(
        "is damaged or was changed: its checksum is wrong; copy it again, or export it again with "
        "`serenade export`",
        file=file,
    )
