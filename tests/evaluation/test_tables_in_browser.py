"""The tables of the pages in Chromium, if it is installed: sorted, searched, saved as CSV."""

from __future__ import annotations

import csv
import shutil
import time
from pathlib import Path

import pytest

from serenade.evaluation.report.environment import create_environment
from serenade.evaluation.report.tables import TextTable

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed")

ROWS = tuple(
    (f"s{n}", f"{value} %", f"{1000 + n:,}")
    for n, value in enumerate((5.5, 10.2, -3.0, 80.0, 9.9, 1, 2, 3, 4))
)
PAGE = """{% from "macros.html.j2" import data_table %}<!DOCTYPE html><title>t</title>
{{ data_table(table, "scores") }}<script>{% include "tables.js" %}</script>"""


@pytest.fixture
def browser(tmp_path: Path):
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
    rows = (*ROWS, ('–, "quoted"', "–", "=1+1"))
    table = TextTable(title="Scores", head=("speaker", "UAR", "clips"), rows=rows)
    page = tmp_path / "page.html"
    page.write_text(create_environment().from_string(PAGE).render(table=table), encoding="utf-8")
    driver.get(page.as_uri())
    yield driver
    assert driver.get_log("browser") == []
    driver.quit()


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


def test_the_table_is_saved_as_csv(browser, tmp_path: Path) -> None:
    browser.find_element("css selector", "button.save").click()
    file = tmp_path / "scores.csv"
    end = time.monotonic() + 20
    while not file.is_file():
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[:2] == [["speaker", "UAR", "clips"], ["s0", "5.5 %", "1,000"]]
    assert rows[-1] == ['–, "quoted"', "–", "'=1+1"]
    assert rows[3] == ["s2", "-3.0 %", "1,002"]
