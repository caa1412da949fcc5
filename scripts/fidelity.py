#!/usr/bin/env python3
"""The tables of docs/fidelity.md, from the tests marked `@pytest.mark.fidelity(...)`.

    python scripts/fidelity.py [--write]

A mark has four arguments: `system`, one of `SYSTEMS`; `output`, what the original writes, prints or takes;
`verdict`, "equal" or "differs"; `note`, in one sentence. The tests are parsed, not imported.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serenade.evaluation.report.tables import markdown_table
from serenade.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "fidelity.md"
BEGIN, END = "<!-- tables: written by scripts/fidelity.py -->\n", "<!-- end of tables -->"
SYSTEMS = {
    "mel_generator.py": "CREMA-D: `mel_generator.py`",
    "cremad_custom2.py": "CREMA-D: `cremad_custom2.py`",
    "custom2_tester.py": "CREMA-D: `custom2_tester.py`",
    "audio_to_spectrogram.ipynb": "MELD: `audio_to_spectrogram.ipynb`",
    "final_code.ipynb": "MELD: `final_code.ipynb`",
}
"""Headings by program of the two systems."""

VERDICTS = ("equal", "differs")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one test shows about one output of an original program.

    Attributes:
        system: one of `SYSTEMS`.
        output: what the program writes, prints or takes.
        verdict: one of `VERDICTS`.
        note: one sentence.
        test: `file::name` of the test.
    """

    system: str
    output: str
    verdict: str
    note: str
    test: str

    def row(self) -> list[str]:
        """The cells of its line in the page."""
        return [self.output, self.verdict, self.note, f"`{self.test}`"]


def claims(tests: Path = ROOT / "tests") -> Iterator[Claim]:
    """Yield the marks of the tests, in the order of files and lines.

    Raises:
        ValueError: a mark has another system or verdict, or another number of arguments.
    """
    for file in sorted(tests.rglob("test_*.py")):
        name = file.relative_to(tests.parent).as_posix()
        for test, marks in _tests(ast.parse(file.read_text(encoding="utf-8")), name):
            yield from (claim for mark in marks if (claim := _claim(mark, test)))


def _tests(node: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield the id and the decorators of each test of a module."""
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield from _tests(inner, f"{name}::{inner.name}")
        elif isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
            yield f"{name}::{inner.name}", inner.decorator_list


def _claim(mark: ast.expr, test: str) -> Claim | None:
    if not (isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fidelity"):
        return None
    given = {str(word.arg): ast.literal_eval(word.value) for word in mark.keywords}
    if set(given) != {"system", "output", "verdict", "note"} or mark.args:
        raise ValueError(f"{test}: a fidelity mark has system=, output=, verdict= and note=, not {given}")
    if given["system"] not in SYSTEMS or given["verdict"] not in VERDICTS:
        raise ValueError(f"{test}: no such system or verdict: {given['system']}, {given['verdict']}")
    return Claim(**given, test=test)


def tables() -> str:
    """Return one Markdown table for each program, equal outputs first."""
    found = sorted(claims(), key=lambda claim: VERDICTS.index(claim.verdict))
    parts = []
    for system, heading in SYSTEMS.items():
        rows = [claim.row() for claim in found if claim.system == system]
        parts.append(f"## {heading}\n\n{markdown_table(('output', 'verdict', 'details', 'test'), rows)}\n")
    return "\n".join(parts)


def page(text: str) -> str:
    """Return a page with the tables between its two marks."""
    return f"{text.partition(BEGIN)[0]}{BEGIN}\n{tables()}\n{END}{text.partition(END)[2]}"


def main() -> int:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/fidelity.md")
    if not parser.parse_args().write:
        print(tables())
        return 0
    new = page(PAGE.read_text(encoding="utf-8"))
    with write_whole(PAGE) as out:
        out.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
