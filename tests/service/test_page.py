"""The page in Debian's Chromium, with the model on the server and in the browser; its built files."""

from __future__ import annotations

import csv
import filecmp
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from serenade import load_model
from serenade.audio.discovery import find_audio
from serenade.service.page import BUILT
from serenade.service.page.static import StaticPage

PAGE = BUILT.parent
AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"
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


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def chromium(example_folder, downloads):
    """A browser whose microphone plays `call.wav`."""
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM and CHROMEDRIVER):
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--use-file-for-fake-audio-capture={example_folder / 'call.wav'}"]:
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium, url):
    """The page, freshly loaded."""
    with opened(chromium, url) as browser:
        yield browser


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


def wait_until(is_true, seconds=120):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "the page did not get there"
        time.sleep(0.05)


class Result:
    """The card of a recording."""

    def __init__(self, card):
        self.card = card

    def text(self, selector):
        return self.card.find_element("css selector", selector).get_attribute("textContent").strip()

    def scores(self):
        bars = self.card.find_elements("css selector", ".bars li")
        return {bar.text.split("\n")[0]: int(bar.text.split("\n")[1].split()[0]) for bar in bars}


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
    browser.find_element("id", "record").click()
    wait_until(lambda: browser.find_element("id", "elapsed").text == "0:02")
    assert browser.find_element("id", "record-label").text == "Stop"
    browser.find_element("id", "record").click()
    wait_until(lambda: browser.execute_script(DONE) == 1)
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


def test_downloads_are_those_of_the_command(browser, recordings, downloads, model_file):
    (result,) = choose(browser, recordings / "call.wav")
    for format in ("csv", "json", "vtt"):
        result.card.find_element("css selector", f"[data-format={format}]").click()
        wait_until((downloads / f"call.{format}").exists)
    rows = [
        row.to_dict() | {"file": "call.wav"}
        for row in load_model(model_file).timeline(recordings / "call.wav", **SHORT_WINDOWS)
    ]
    assert json.loads((downloads / "call.json").read_text())["segments"] == rows
    table = list(csv.DictReader((downloads / "call.csv").open()))
    assert [row["emotion"] for row in table] == [row["emotion"] for row in rows]
    assert [float(row["score_anger"]) for row in table] == [
        next(entry["score"] for entry in row["scores"] if entry["label"] == "anger") for row in rows
    ]
    webvtt = pytest.importorskip("webvtt")
    captions = webvtt.read(str(downloads / "call.vtt"))
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


@pytest.fixture(scope="module", params=["serenade-small", "serenade-base"])
def bundled(request, tmp_path_factory):
    """A bundled model, and the address of the page that runs it in the browser."""
    folder = tmp_path_factory.mktemp("site") / request.param
    StaticPage(folder).write(request.param)
    with serve_folder(folder) as url:
        yield load_model(request.param), url


def results_of(browser, *files):
    """Prediction and segments of each file, as the page offers them for download."""
    results = []
    for result in choose(browser, *files):
        browser.execute_script(READ_JSON, result.card.find_element("css selector", "[data-format=json]"))
        wait_until(lambda: browser.execute_script("return window.saved"))
        results.append(json.loads(browser.execute_script("return window.saved")))
    return results


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


def assert_as_library(browser, model, files):
    for found, file in zip(results_of(browser, *files), files, strict=True):
        expected = model.predict(file).to_dict() | {"file": file.name}
        assert_same(found["prediction"], expected)
        windows = SHORT_WINDOWS if expected["quality"]["duration_s"] <= 60 else {}
        rows = [row.to_dict() for row in model.timeline(file, **windows)]
        assert len(found["segments"]) == len(rows)
        for segment, row in zip(found["segments"], rows, strict=True):
            assert_same(segment, row)


@pytest.fixture(scope="module")
def clips(toy, tmp_path_factory):
    """Synthetic voices in several formats, rates and channels, and one of 38 s with a pause."""
    folder, voice = tmp_path_factory.mktemp("clips"), toy.voice
    stereo = voice(4, rate_hz=44_100, seed=2)
    pause = np.concatenate([voice(20, seed=5), np.zeros(64_000), voice(14, level=0.1, seed=6)])
    sounds = {
        "16k.wav": (voice(2.5, seed=1), 16_000, "PCM_16"),
        "44k_stereo.wav": (np.stack([stereo, 0.4 * stereo], axis=1), 44_100, "PCM_16"),
        "44k.mp3": (voice(3.5, rate_hz=44_100, seed=7), 44_100, None),
        "22k.wav": (voice(4.3, rate_hz=22_050, seed=3), 22_050, "PCM_24"),
        "inverted.wav": (np.stack([stereo, -stereo], axis=1), 44_100, "FLOAT"),
        "telephone.wav": (voice(3, rate_hz=8_000, seed=4), 8_000, "ALAW"),
        "16k.mp3": (voice(3.5, seed=8), 16_000, None),
        "44k.flac": (voice(3.5, rate_hz=44_100, seed=9), 44_100, None),
        "opus.ogg": (voice(3.5, rate_hz=48_000, seed=10), 48_000, "OPUS"),
        "38s.wav": (pause, 16_000, "PCM_16"),
    }
    for name, (samples, rate_hz, subtype) in sounds.items():
        soundfile.write(folder / name, samples, rate_hz, subtype=subtype)
    return [folder / name for name in sounds]


def test_the_model_in_the_browser_predicts_as_the_library(chromium, bundled, clips):
    model, url = bundled
    with opened(chromium, url) as browser:
        assert_as_library(browser, model, clips if model.spec.name == "serenade-small" else clips[:4])


def test_the_model_in_the_browser_predicts_real_recordings_as_the_library(chromium, bundled, shared):
    model, url = bundled
    corpora = ("cremad/AudioWAV", "emodb", "emovo", "ravdess")
    files = [file for corpus in corpora for file in some_of(shared / corpus)]
    with opened(chromium, url) as browser:
        assert_as_library(browser, model, files)


def test_what_browsers_cut_at_the_ends_changes_little(chromium, bundled, toy, tmp_path):
    """The padding of AAC, and 0.5 ms of Opus in WebM, whose clock counts milliseconds."""
    model, url = bundled
    codecs = {tmp_path / "aac.m4a": "aac", tmp_path / "opus.webm": "libopus"}
    for file, codec in codecs.items():
        encode(file, toy.voice(4, rate_hz=48_000, seed=11), codec=codec)
    with opened(chromium, url) as browser:
        for found, file in zip(results_of(browser, *codecs), codecs, strict=True):
            expected = model.predict(file)
            scores = {row["label"]: row["score"] for row in found["prediction"]["scores"]}
            assert scores == pytest.approx(dict(expected.scores), abs=0.1)
            assert found["prediction"]["end"] == pytest.approx(expected.end, abs=0.025)


def encode(file, samples, *, codec):
    with av.open(file, "w") as out:
        stream = out.add_stream(codec, rate=48_000, layout="mono")
        frames = av.AudioFifo()
        whole = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        whole.sample_rate = 48_000
        for frame in av.AudioResampler(format=stream.codec_context.format).resample(whole):
            frames.write(frame)
        position = 0
        while frame := frames.read(stream.codec_context.frame_size or 960, partial=True):
            frame.pts, frame.time_base, frame.sample_rate = position, Fraction(1, 48_000), 48_000
            position += frame.samples
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


SEND = """
const [address, done] = arguments;
const send = `fetch("${address}").then(() => "sent", () => "blocked").then`;
const source = `${send}((said) => postMessage(said))`;
const worker = new Worker(URL.createObjectURL(new Blob([source])));
worker.onmessage = ({ data }) => {
  fetch(address).then(() => done(["sent", data]), () => done(["blocked", data]));
};
"""


def test_nothing_can_be_sent_from_the_page_to_another_address(chromium, bundled, tmp_path):
    chromium.get(bundled[1])
    with serve_folder(tmp_path) as other:
        assert chromium.execute_async_script(SEND, other) == ["blocked", "blocked"]


def some_of(folder):
    files = find_audio(folder)
    return files[:: max(1, len(files) // 3)][:3]


def test_the_built_files_are_those_of_the_source(tmp_path):
    if not (PAGE / "node_modules").is_dir() or shutil.which("npm") is None:
        pytest.skip("no esbuild here: npm ci in src/serenade/service/page")
    for command in (["npm", "run", "-s", "check"], ["node", "build.mjs", str(tmp_path)]):
        subprocess.run(command, cwd=PAGE, check=True)
    names = {file.relative_to(BUILT) for file in BUILT.rglob("*") if file.is_file()}
    assert names == {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    for name in names:
        assert filecmp.cmp(tmp_path / name, BUILT / name, shallow=False), f"make page: {name} is old"
