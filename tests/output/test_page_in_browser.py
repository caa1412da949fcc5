"""The page of a recording in Chromium, if it is installed."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

import pytest
import soundfile

from serenade.output.page import write_page

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed")


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"):
        options.add_argument(argument)
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, segment, toy, tmp_path):
    """The page of 6 s of Ann and Bob, opened."""
    path = tmp_path / "talk.wav"
    soundfile.write(path, toy.voice(6.0), 16_000)
    rows = [
        replace(segment(0, 2, {"anger": 0.9, "fear": 0.1}, file=str(path)), speaker="Ann"),
        replace(segment(2, 4, {"anger": 0.2, "fear": 0.8}, file=str(path)), speaker="Bob"),
        segment(4, 6, {}, speech=0.0, file=str(path)),
    ]
    write_page(rows, labels=["anger", "fear"], out=tmp_path / "talk.html")
    browser.get((tmp_path / "talk.html").as_uri())
    return browser


def wait_until(condition, *, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def position(browser):
    return float(
        browser.execute_script("return parseFloat(document.getElementById('head').style.left) / width")
    )


def element(browser, name):
    return browser.find_element("id", name)


def test_the_play_head_moves_with_the_sound(opened):
    wait_until(lambda: opened.execute_script("return audio.readyState") >= 2)
    assert opened.execute_script("return audio.duration") == pytest.approx(6, abs=0.3)
    assert position(opened) == 0
    element(opened, "play").click()
    wait_until(lambda: position(opened) > 0.1)
    element(opened, "play").click()
    assert position(opened) == pytest.approx(opened.execute_script("return audio.currentTime / 6"), abs=0.02)
    assert [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_segment_in_the_table_is_played_from_its_start(opened):
    wait_until(lambda: opened.execute_script("return audio.readyState") >= 2)
    rows = opened.find_elements("css selector", "#rows tr")
    assert ["Ann" in rows[0].text, "Bob" in rows[1].text, len(rows)] == [True, True, 2]
    rows[1].find_element("tag name", "button").click()
    wait_until(lambda: opened.execute_script("return audio.currentTime") >= 2)
    assert element(opened, "now").text == "Bob: fear 80 %"
    assert rows[1].get_attribute("class") == "current"


def test_it_can_be_used_with_the_keyboard(opened):
    wait_until(lambda: opened.execute_script("return audio.readyState") >= 2)
    lanes = element(opened, "lanes")
    lanes.send_keys("\ue014\ue014")  # arrow right, twice
    wait_until(lambda: position(opened) == pytest.approx(4 / 6, abs=0.01))
    assert lanes.get_attribute("aria-valuetext") == "0:04"
    assert element(opened, "now").text == "no speech"


@pytest.mark.parametrize("width", [390, 1000])
def test_it_fits_its_window(opened, width):
    opened.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    opened.refresh()
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
