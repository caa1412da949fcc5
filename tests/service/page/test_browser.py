"""The model in the browser, beside the library."""

from __future__ import annotations

import base64
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from page_driver import (
    SHORT_WINDOWS,
    assert_same,
    choose,
    opened,
    record,
    result_of,
    results_of,
    serve_folder,
)

from serenade import load_model
from serenade.audio.discovery import find_audio
from serenade.service.page.static import StaticPage


@pytest.fixture(scope="module", params=["serenade-small", "serenade-base"])
def bundled(request, tmp_path_factory):
    """A bundled model, and the address of the page that runs it in the browser."""
    folder = tmp_path_factory.mktemp("site") / request.param
    StaticPage(folder).write(request.param)
    with serve_folder(folder) as url:
        yield load_model(request.param), url


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
    """Synthetic voices in several formats, rates and channels, and two long ones with pauses."""
    folder, voice = tmp_path_factory.mktemp("clips"), toy.voice
    stereo = voice(4, rate_hz=44_100, seed=2)
    surround = 0.1 * np.random.default_rng(0).normal(size=(3 * 48_000, 6))  # the fourth channel is the LFE
    surround[:, 2] = voice(3, rate_hz=48_000, seed=12)
    surround[:, [0, 1, 4, 5]] *= 0.1
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
        "surround.flac": (surround, 48_000, None),
        "opus.ogg": (voice(3.5, rate_hz=48_000, seed=10), 48_000, "OPUS"),
        "38s.wav": (pause, 16_000, "PCM_16"),
        "64s.flac": (np.concatenate([pause, pause[:416_000]]), 16_000, "PCM_16"),
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
    codecs = {tmp_path / "aac.m4a": ("aac", 44_100), tmp_path / "opus.webm": ("libopus", 48_000)}
    for file, (codec, rate_hz) in codecs.items():
        encode(file, toy.voice(4, rate_hz=rate_hz, seed=11), codec=codec, rate_hz=rate_hz)
    with opened(chromium, url) as browser:
        for found, file in zip(results_of(browser, *codecs), codecs, strict=True):
            expected = model.predict(file)
            assert_near(found["prediction"], expected)
            quality = found["prediction"]["quality"]
            assert quality["resampled_from_hz"] == expected.quality.resampled_from_hz
            assert found["prediction"]["end"] == pytest.approx(expected.end, abs=0.025)


def assert_near(found, expected):
    scores = {row["label"]: row["score"] for row in found["scores"]}
    assert scores == pytest.approx(dict(expected.scores), abs=0.1)


def encode(file, samples, *, codec, rate_hz):
    with av.open(file, "w") as out:
        stream = out.add_stream(codec, rate=rate_hz, layout="mono")
        frames = av.AudioFifo()
        whole = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        whole.sample_rate = rate_hz
        for frame in av.AudioResampler(format=stream.codec_context.format).resample(whole):
            frames.write(frame)
        position = 0
        while frame := frames.read(stream.codec_context.frame_size or 960, partial=True):
            frame.pts, frame.time_base, frame.sample_rate = position, Fraction(1, rate_hz), rate_hz
            position += frame.samples
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


READ_RECORDING = """
const reader = new FileReader();
reader.onload = () => arguments[0](reader.result.split(",")[1]);
reader.readAsDataURL(window.recorded);
"""


def test_a_recording_of_the_microphone_is_predicted_as_by_the_library(chromium, bundled, tmp_path):
    model, url = bundled
    with opened(chromium, url) as browser:
        browser.execute_script(
            "const create = URL.createObjectURL;"
            "URL.createObjectURL = (blob) => { if (blob.name) window.recorded = blob; return create(blob); };"
        )
        record(browser, seconds=3)
        file = tmp_path / "recording.webm"
        file.write_bytes(base64.b64decode(browser.execute_async_script(READ_RECORDING)))
        found = result_of(browser, browser.find_element("css selector", ".card"))["prediction"]
    # On a busy machine Chromium's recordings have gaps, which decoders fill in different ways.
    assert_near(found, model.predict(file))


def test_a_model_that_is_missing_is_one_sentence(chromium, model_file, example_folder, tmp_path):
    folder = tmp_path / "site"
    StaticPage(folder).write(model_file)
    (folder / "model" / "model.onnx").unlink()
    with serve_folder(folder) as url:
        chromium.get(url)
        (result,) = choose(chromium, example_folder / "call.wav")
        assert result.text(".failure") == (
            "The model of this page cannot be loaded (/site/model/model.onnx: status 404); try again."
        )


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
