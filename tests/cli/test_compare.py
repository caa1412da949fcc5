"""`serenade compare` on a run that the commands made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def evaluated(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run with an evaluation."""
    from serenade.cli.main import run

    copy = tmp_path_factory.mktemp("evaluated") / "tiny"
    shutil.copytree(trained, copy)
    assert not run(["evaluate", str(copy), "--no-audio"])
    return copy


def test_a_run_and_its_copy_are_equal(serenade, evaluated, tmp_path):
    copy = shutil.copytree(evaluated, tmp_path / "copy")
    out = tmp_path / "comparison.md"
    ran = serenade("compare", evaluated, copy, "--out", out)
    assert ran.status == 0, ran.stderr
    assert "tiny and copy have the same UAR." in ran.stdout
    assert ran.stdout.splitlines()[-1] == str(out)
    text = out.read_text()
    assert "| tiny − copy | +0.0 | +0.0 to +0.0 | 1.000 | 1.000 | 0 | 0 |" in text
    row = next(line for line in text.splitlines() if line.startswith("| copy |"))
    parameters, minutes = (cell.strip() for cell in row.split("|")[-3:-1])
    assert int(parameters.replace(",", "")) > 1000
    assert float(minutes) >= 0


def test_what_cannot_be_compared_is_one_sentence(serenade, evaluated, trained, tmp_path):
    assert serenade("compare", evaluated, tmp_path / "none").is_one_sentence()
    ran = serenade("compare", evaluated, trained)
    assert ran.is_one_sentence()
    assert "has no evaluation; run serenade evaluate first" in ran.stderr
    assert serenade("compare", evaluated).status == 2
    assert serenade("compare", evaluated, evaluated, "--out", "a.docx").status == 2
    ran = serenade("compare", evaluated, tmp_path / "none", "--metric", "eer")
    assert "there is no metric 'eer'; choose one of accuracy" in ran.stderr


def test_a_compared_evaluation_is_not_replaced(serenade, evaluated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(evaluated, copy)
    metrics = copy / "evaluation" / "metrics.json"
    content = metrics.read_bytes()
    ran = serenade("compare", evaluated, copy, "--out", metrics)
    assert ran.is_one_sentence()
    assert "would be overwritten" in ran.stderr
    assert metrics.read_bytes() == content


def test_one_evaluation_under_two_names_and_an_empty_name_are_refused(serenade, evaluated, tmp_path):
    ran = serenade("compare", evaluated, evaluated / "evaluation")
    assert ran.is_one_sentence()
    assert "is named twice" in ran.stderr
    ran = serenade("compare", evaluated, "")
    assert ran.is_one_sentence()
    assert "an empty name is no run" in ran.stderr


def test_an_output_that_cannot_be_written_is_found_before_the_work(serenade, tmp_path):
    (tmp_path / "file").write_text("")
    ran = serenade("compare", tmp_path / "none", tmp_path / "gone", "--out", tmp_path / "file" / "a.html")
    assert ran.is_one_sentence()
    assert "a.html: cannot be written" in ran.stderr


def test_the_report_of_a_run_has_a_section_that_compares_it(serenade, evaluated, tmp_path):
    run, copy = (shutil.copytree(evaluated, tmp_path / name) for name in ("run", "copy"))
    ran = serenade("report", run, "--compare", copy, "--no-audio")
    assert ran.status == 0, ran.stderr
    report = run / "evaluation" / "report.html"
    assert ran.stdout.splitlines() == [str(report)]
    page = report.read_text(encoding="utf-8")
    assert "<h2>Comparison of run and copy</h2>" in page
    assert "run and copy have the same UAR." in page
    section = page.split("<h2>Comparison of")[1].split("</section>")[0]
    row = re.search(r"<bdi>run − copy</bdi></th>(.*?)</tr>", section)
    assert row is not None
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["+0.0", "+0.0 to +0.0", "1.000", "1.000", "0", "0"]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert serenade("report", run, "--no-audio").status == 0
    assert "Comparison of" not in report.read_text(encoding="utf-8")
    assert serenade("report", run, "--compare", tmp_path / "none").is_one_sentence()
