"""The page in Debian's Chromium, with the model on the server and in the browser; its built files."""

from __future__ import annotations

import csv
import filecmp
import json
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from page_driver import (
    SHORT_WINDOWS,
    Result,
    assert_same,
    choose,
    opened,
    record,
    serve_folder,
    set_media,
    wait_until,
)

from serenade import load_model
from serenade.service.page import BUILT
from serenade.service.page.static import StaticPage

PAGE = BUILT.parent
AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module", params=["server", "browser"])
def url(request, model_file, tmp_path_factory):
    """The page, with the model where the parameter says."""
    if request.param == "server":
        run_server = request.getfixturevalue("run_server")
        with run_server("--model", str(model_file)) as (_, url):
            yield url
        return
    folder = tmp_path_factory.mktemp("site") / "serenade"
    StaticPage(folder).write(model_file)
    with serve_folder(folder) as url:
        yield url


@pytest.fixture
def browser(chromium, url):
    """The page, freshly loaded."""
    with opened(chromium, url) as browser:
        yield browser


@pytest.fixture(scope="module")
def recordings(example_folder, tmp_path_factory):
    """The same voice as WAV and MP3, silence, and a text that is named as a recording."""
    folder = tmp_path_factory.mktemp("recordings")
    samples, rate_hz = soundfile.read(example_folder / "call.wav")
    soundfile.write(folder / "call.wav", np.tile(samples, 3), rate_hz)
    soundfile.write(folder / "call.mp3", np.tile(samples, 3), rate_hz)
    soundfile.write(folder / "silence.wav", np.zeros(32_000), 16_000)
    (folder / "bad.wav").write_text("no sound")
    return folder


def test_recordings_are_predicted_as_by_the_library(browser, recordings, model_file):
    files = [recordings / name for name in ("call.wav", "call.mp3")]
    model = load_model(model_file)
    for result, file in zip(choose(browser, *files), files, strict=True):
        expected = model.predict(file)
        assert result.text(".file") == file.name
        assert result.text(".emotion") == expected.emotion
        percents = {entry["label"]: 100 * entry["score"] for entry in expected.to_dict()["scores"]}
        assert result.scores() == pytest.approx(percents, abs=0.51)
        assert len(result.card.find_elements("css selector", "tbody tr")) == 6


def test_a_bad_file_says_what_is_wrong_and_others_go_on(browser, recordings):
    bad, silence = choose(browser, recordings / "bad.wav", recordings / "silence.wav")
    assert bad.card.find_element("css selector", ".failure").is_displayed()
    assert "The recording" in bad.text(".failure")
    assert silence.text(".emotion") == "No speech"
    assert "Nobody speaks" in silence.text(".note")


def test_the_microphone(browser):
    record(browser, seconds=2)
    result = Result(browser.find_element("css selector", ".card"))
    assert result.text(".file").startswith("recording ")
    assert result.text(".emotion") in ("anger", "fear", "neutral", "sadness")


def test_the_play_head_follows_keys_and_sound(browser, recordings):
    (result,) = choose(browser, recordings / "call.wav")
    chart = result.card.find_element("css selector", ".chart")
    chart.send_keys("\ue014\ue014")  # arrow right
    assert chart.get_attribute("aria-valuenow") == "2.0"
    assert chart.get_attribute("aria-valuetext").startswith("0:02, ")
    line = result.card.find_element("css selector", ".head-line")
    assert float(line.get_attribute("style").split("left: ")[1].split("%")[0]) == pytest.approx(33.3, abs=0.2)
    result.card.find_element("css selector", ".play").click()
    wait_until(lambda: float(chart.get_attribute("aria-valuenow")) > 2.2)


def test_everything_can_be_reached_by_keyboard(browser, recordings):
    from selenium.webdriver import ActionChains, Keys

    (result,) = choose(browser, recordings / "call.wav")
    body = browser.find_element("tag name", "body")
    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    while len(reached) < 30:
        ActionChains(browser).send_keys(Keys.TAB).perform()
        active = browser.switch_to.active_element
        if active == body:
            break
        names = (active.get_attribute(name) for name in ("data-format", "id", "class"))
        reached.append(next((name for name in names if name), active.text))
    wanted = {"files", "record", "icon remove", "play", "chart", "csv", "json", "vtt"}
    assert wanted <= set(reached), reached
    result.card.find_element("css selector", ".remove").send_keys(Keys.ENTER)
    assert browser.find_elements("css selector", ".card") == []


def test_downloads_are_those_of_the_command(browser, recordings, tmp_path, model_file):
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    (result,) = choose(browser, recordings / "call.wav")
    for format in ("csv", "json", "vtt"):
        result.card.find_element("css selector", f"[data-format={format}]").click()
        wait_until((tmp_path / f"call.{format}").exists)
    rows = [
        row.to_dict() | {"file": "call.wav"}
        for row in load_model(model_file).timeline(recordings / "call.wav", **SHORT_WINDOWS)
    ]
    segments = json.loads((tmp_path / "call.json").read_text())["segments"]
    for segment, row in zip(segments, rows, strict=True):
        assert segment["file"] == "call.wav"
        assert_same(segment, row)
    table = list(csv.DictReader((tmp_path / "call.csv").open()))
    assert [row["emotion"] for row in table] == [row["emotion"] for row in rows]
    assert [float(row["score_anger"]) for row in table] == [
        next(entry["score"] for entry in segment["scores"] if entry["label"] == "anger")
        for segment in segments
    ]
    webvtt = pytest.importorskip("webvtt")
    captions = webvtt.read(str(tmp_path / "call.vtt"))
    assert [caption.text.split()[0] for caption in captions] == [row["emotion"] for row in rows]


def test_speakers_of_an_rttm_file(browser, recordings, tmp_path):
    rttm = tmp_path / "call.rttm"
    rttm.write_text(
        "SPEAKER call 1 0.0 3.0 <NA> <NA> anna <NA> <NA>\nSPEAKER call 1 3.0 3.0 <NA> <NA> ben <NA> <NA>\n"
    )
    (result,) = choose(browser, recordings / "call.wav")
    browser.find_element("id", "files").send_keys(str(rttm))
    wait_until(lambda: result.card.find_element("css selector", ".speakers").is_displayed())
    assert [row.text for row in result.card.find_elements("css selector", ".share span")] == ["anna", "ben"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, recordings, scheme):
    if not AXE.is_file():
        pytest.skip("no axe-core here: npm ci in src/serenade/service/page")
    set_media(browser, scheme=scheme)
    choose(browser, *(recordings / name for name in ("call.wav", "silence.wav", "bad.wav")))
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run().then(arguments[0])")
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found["violations"]] == []


def test_nothing_is_wider_than_a_phone(browser, recordings):
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        choose(browser, recordings / "call.wav")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_built_files_are_those_of_the_source(tmp_path):
    if not (PAGE / "node_modules").is_dir() or shutil.which("npm") is None:
        pytest.skip("no esbuild here: npm ci in src/serenade/service/page")
    for command in (["npm", "run", "-s", "check"], ["node", "build.mjs", str(tmp_path)]):
        subprocess.run(command, cwd=PAGE, check=True)
    names = {file.relative_to(BUILT) for file in BUILT.rglob("*") if file.is_file()}
    assert names == {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    for name in names:
        assert filecmp.cmp(tmp_path / name, BUILT / name, shallow=False), f"make page: {name} is old"
