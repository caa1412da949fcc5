"""The page in Debian's Chromium; `from page_driver import ...` in the tests of this folder."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --window-size=1280,1000 --use-fake-ui-for-media-stream
    --use-fake-device-for-media-stream --autoplay-policy=no-user-gesture-required
"""
DONE = "return [...document.querySelectorAll('.working')].filter((line) => line.hidden).length"
READ_JSON = """
window.saved = null;
const create = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  blob.text().then((text) => { window.saved = text; });
  return create(blob);
};
arguments[0].click();
URL.createObjectURL = create;
"""
SHORT_WINDOWS = {"window_s": 3, "hop_s": 1}
"""Those of source/card.ts."""


class Silent(SimpleHTTPRequestHandler):
    """A plain web server: no headers of its own."""

    def log_message(self, *args):
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """The address of a folder, below a path as on GitHub Pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()


@contextmanager
def started_chromium(*, microphone: Path):
    """A browser whose microphone plays a file."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM and CHROMEDRIVER):
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--use-file-for-fake-audio-capture={microphone}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    try:
        yield browser
    finally:
        browser.quit()


@contextmanager
def opened(chromium, url):
    """A page, freshly loaded; it may print nothing to the console and ask no other host."""
    set_media(chromium, scheme="light")
    chromium.get(url)
    chromium.get_log("browser")
    chromium.get_log("performance")
    yield chromium
    # The browser itself notes a response such as 415 there.
    assert not [entry for entry in chromium.get_log("browser") if entry["source"] != "network"]
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    origin = url[: url.index("/", len("http://"))] if url.count("/") > 2 else url
    assert [address for address in asked if not address.startswith((origin, f"blob:{origin}", "data:"))] == []


def set_media(browser, *, scheme):
    """Light or dark, and no smooth scrolling, during which nothing can be clicked."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    media = [{"name": name, "value": value} for name, value in features.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})


def choose(browser, *files):
    """Choose files, and wait until each has its result."""
    browser.find_element("id", "files").send_keys("\n".join(map(str, files)))
    wait_until(lambda: browser.execute_script(DONE) == len(files))
    return [Result(card) for card in browser.find_elements("css selector", ".card")]


def wait_until(is_true, seconds=300):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "the page did not get there"
        time.sleep(0.05)


def record(browser, *, seconds):
    """Record with the microphone, and wait for the result."""
    button = browser.find_element("id", "record")
    button.send_keys("\ue007")  # Enter
    wait_until(lambda: browser.find_element("id", "elapsed").text == f"0:0{seconds}")
    assert browser.find_element("id", "record-label").text == "Stop"
    button.send_keys("\ue007")
    wait_until(lambda: browser.execute_script(DONE) == 1)


class Result:
    """The card of a recording."""

    def __init__(self, card):
        self.card = card

    def text(self, selector):
        return self.card.find_element("css selector", selector).get_attribute("textContent").strip()

    def scores(self):
        bars = self.card.find_elements("css selector", ".bars li")
        return {bar.text.split("\n")[0]: int(bar.text.split("\n")[1].split()[0]) for bar in bars}


def results_of(browser, *files):
    """Prediction and segments of each file, as the page offers them for download."""
    return [result_of(browser, result.card) for result in choose(browser, *files)]


def result_of(browser, card):
    """Prediction and segments of a card."""
    browser.execute_script(READ_JSON, card.find_element("css selector", "[data-format=json]"))
    wait_until(lambda: browser.execute_script("return window.saved"))
    return json.loads(browser.execute_script("return window.saved"))


def assert_same(found, expected):
    """The same prediction, within 0.001."""
    for name in ("start", "end", "state", "emotion", "model"):
        assert found[name] == expected[name], name
    for name in ("confidence", "domain_distance"):
        assert found.get(name) == (expected.get(name) and pytest.approx(expected[name], abs=1.1e-3)), name
    scores, others = ({row["label"]: row["score"] for row in one["scores"]} for one in (found, expected))
    assert scores == pytest.approx(others, abs=1e-3)
    quality = dict(expected["quality"])
    inexact = {name: pytest.approx(quality.pop(name), abs=0.011) for name in ("speech_ratio", "level_dbfs")}
    assert found["quality"] == quality | inexact
