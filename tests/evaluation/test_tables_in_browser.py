"""The pages in Chromium, if it is installed: tables sorted, searched, saved as CSV, folded on a phone."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from serenade import compare
from serenade.evaluation.compare import write_comparison
from serenade.evaluation.evaluate import evaluate_predictions
from serenade.evaluation.folder import EvaluationFolder
from serenade.evaluation.report.environment import create_environment
from serenade.evaluation.report.tables import TextTable

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed")

ROWS = tuple(
    (f"s{n}", f"{value} %", f"{1000 + n:,}")
    for n, value in enumerate((5.5, 10.2, -3.0, 80.0, 9.9, 1, 2, 3, 4))
)
PAGE = """{% from "macros.html.j2" import data_table %}<!DOCTYPE html><title>t</title>
<meta name="viewport" content="width=device-width"><style>{% include "page.css" %}</style>
{{ data_table(table, "scores") }}<script>{% include "tables.js" %}</script>"""


@pytest.fixture
def chromium(tmp_path: Path):
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    yield driver
    assert driver.get_log("browser") == []
    driver.quit()


@pytest.fixture
def browser(chromium, tmp_path: Path):
    """A page with a table of three columns."""
    rows = (*ROWS, ('–, "quoted"', "–", "=1+1"))
    table = TextTable(title="Scores", head=("speaker", "UAR", "clips"), rows=rows)
    page = tmp_path / "page.html"
    page.write_text(create_environment().from_string(PAGE).render(table=table), encoding="utf-8")
    chromium.get(page.as_uri())
    return chromium


def show(browser, page: Path, *, width: int) -> None:
    """Open a page, with everything in it unfolded, in a window of some width."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    # Two frames, so that observers of sizes have run.
    browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")


def too_wide(browser) -> list[str]:
    """What is wider than its box: the page, and tables."""
    return browser.execute_script(
        """const root = document.documentElement;
        const names = [...document.querySelectorAll(".scroll")]
          .filter((box) => box.scrollWidth > box.clientWidth + 1)
          .map((box) => box.querySelector("table").dataset.name);
        return root.scrollWidth > root.clientWidth ? ["page", ...names] : names;"""
    )


def column(browser, number: int) -> list[str]:
    rows = browser.find_elements("css selector", "tbody tr")
    return [row.find_elements("css selector", "th, td")[number].text for row in rows if row.is_displayed()]


def test_a_click_sorts_by_number_and_a_second_one_turns_it_round(browser) -> None:
    head = browser.find_elements("css selector", "thead th")[1]
    head.find_element("css selector", "button").click()
    rising = [f"{value} %" for value in (-3.0, 1, 2, 3, 4, 5.5, 9.9, 10.2, 80.0)]
    assert column(browser, 1) == [*rising, "–"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.find_element("css selector", "button").click()
    assert column(browser, 1) == ["–", *rising[::-1]]
    assert head.get_attribute("aria-sort") == "descending"


def test_the_search_shows_matching_rows(browser) -> None:
    browser.find_element("css selector", "input[type=search]").send_keys("S3 80")
    assert column(browser, 0) == ["s3"]
    assert browser.find_element("css selector", "[role=status]").text == "1 of 10 rows"


def saved_csv(browser, folder: Path) -> str:
    """Click on the button, and return what the browser saves."""
    browser.find_element("css selector", "button.save").click()
    file = folder / "scores.csv"
    end = time.monotonic() + 20
    while not file.is_file():
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    return file.read_text(encoding="utf-8-sig")


def test_the_table_is_saved_as_csv(browser, tmp_path: Path) -> None:
    text = saved_csv(browser, tmp_path)
    rows = list(csv.reader(text.splitlines()))
    assert rows[:2] == [["speaker", "UAR", "clips"], ["s0", "5.5 %", "1,000"]]
    assert rows[-1] == ['–, "quoted"', "–", "'=1+1"]
    assert rows[3] == ["s2", "-3.0 %", "1,002"]


def test_a_table_that_is_too_wide_is_folded_and_can_still_be_sorted(chromium, tmp_path: Path) -> None:
    head = ("run", *(f"score number {n}" for n in range(8)))
    rows = [
        (name, *(f"{value + n}.0 %" for n in range(8))) for name, value in (("a", 20), ("b", 30), ("c", 10))
    ]
    table = TextTable(title="Scores", head=head, rows=tuple(rows))
    page = tmp_path / "wide.html"
    page.write_text(create_environment().from_string(PAGE).render(table=table), encoding="utf-8")
    show(chromium, page, width=1400)
    assert not chromium.find_elements("css selector", ".folded")
    show(chromium, page, width=390)
    assert chromium.find_elements("css selector", ".folded")
    assert too_wide(chromium) == []
    labels = chromium.execute_script(
        "return [...document.querySelectorAll('tbody tr:first-child td')]"
        ".map((cell) => getComputedStyle(cell, '::before').content)"
    )
    assert labels == [f'"score number {n}"' for n in range(8)]
    chromium.find_elements("css selector", "thead button")[1].click()
    assert column(chromium, 1) == ["10.0 %", "20.0 %", "30.0 %"]
    text = saved_csv(chromium, tmp_path)
    assert text.splitlines()[1] == ",".join(
        f'"{cell}"' for cell in ("c", *(f"{10 + n}.0 %" for n in range(8)))
    )


def test_report_and_comparison_need_no_scrolling_on_a_phone(
    chromium, synthetic: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    table = synthetic().assign(sex=["female", "male"] * 30, temperature=1.5)
    long_name = "a_recipe_with_a_long_name_and_several_changes"
    other = synthetic(seed=1)[["predicted", "confidence"]]
    for name, predictions in ((long_name, table), ("other", table.assign(**other))):
        folds = predictions.assign(fold=predictions["speaker"].map(int) % 3 + 1, seed=0)
        evaluate_predictions(folds, labels=("anger", "fear", "neutral"), out=tmp_path / name)
    page = tmp_path / "comparison.html"
    write_comparison(compare([tmp_path / long_name, tmp_path / "other"]), page)
    for each in (EvaluationFolder(tmp_path / "other").report, page):
        for width in (1200, 390, 320):
            show(chromium, each, width=width)
            assert too_wide(chromium) == [], f"{each.name}, {width} px"
