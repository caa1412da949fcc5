"""Every how-to in docs/contributing works: its module alone adds the entry, and its test passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
BLOCK = re.compile(r'```python title="([^"]+)"\n(.*?)```', re.DOTALL)
WITH_MODULE = """
import sys
from importlib import import_module

# A folder with the new module, as if the module were in the package.
import_module({package!r}).__path__.append({folder!r})
exec(compile({test!r}, "the test", "exec"), {{}})
"""


def test_there_is_a_page_for_every_registry() -> None:
    found = set()
    for file in (ROOT / "src" / "serenade").rglob("*.py"):
        found |= set(re.findall(r'Registry(?:\[.*\])?\(\s*"([\w ]+)"', file.read_text(encoding="utf-8")))
    found.discard("colour")  # an example in a docstring
    assert {page.stem.replace("-", " ") for page in PAGES} == found


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_one_module_is_enough(page: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert len(blocks) == 2
    (title, module), (_, test) = blocks
    file = Path(title)
    package = ".".join(file.parent.parts[1:])
    assert (ROOT / file.parent).is_dir()
    assert not (ROOT / file).exists()
    (tmp_path / file.name).write_text(module)
    code = WITH_MODULE.format(package=package, folder=str(tmp_path), test=test)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
