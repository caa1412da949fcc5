"""`serenade listen`, through a fake device."""

from __future__ import annotations

import io
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from serenade import load_model
from serenade.cli.live_view import LiveView
from serenade.cli.main import run

TOY = runpy.run_path(str(Path(__file__).parents[1] / "toy_model.py"))
RATE_HZ = 48_000
INPUTS = [
    {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0},
    {"name": "Built-in Microphone", "max_input_channels": 2, "default_samplerate": 48_000.0},
    {"name": "USB Microphone", "max_input_channels": 1, "default_samplerate": 44_100.0},
]


class PortAudioError(Exception):
    """As sounddevice's."""


@pytest.fixture(scope="module")
def sound():
    """Two utterances, as a device at 48 kHz gives them."""
    pause = 1e-4 * np.random.default_rng(0).normal(size=RATE_HZ).astype(np.float32)
    voices = [TOY["voice"](2.0, rate_hz=RATE_HZ, seed=seed) for seed in (0, 1)]
    return np.concatenate([pause, voices[0], pause, voices[1], pause])


@pytest.fixture
def device(monkeypatch, sound):
    """A module in place of sounddevice; `opened` has the settings of its streams."""
    fake = SimpleNamespace(
        PortAudioError=PortAudioError,
        default=SimpleNamespace(device=(1, 0)),
        query_devices=lambda: INPUTS,
        opened=[],
        ends_with=None,
        status=None,
    )

    class InputStream:
        def __init__(self, **settings):
            self.settings = settings
            fake.opened.append(settings)

        def start(self):
            size = self.settings["blocksize"]
            for at in range(0, len(sound), size):
                block = sound[at : at + size, None]
                self.settings["callback"](block, len(block), None, fake.status)

        def stop(self):
            pass

        def close(self):
            pass

    fake.InputStream = InputStream
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setattr("serenade.audio.microphone._WAIT_S", 0.01)
    return fake


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return TOY["write_toy_model"](tmp_path_factory.mktemp("model") / "model.onnx")


def test_devices_are_listed(device, capsys):
    assert run(["listen", "--devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["*   1  Built-in Microphone (48,000 Hz)", "    2  USB Microphone (44,100 Hz)"]


def test_events_are_those_of_a_stream(device, model, sound, capsys):
    assert run(["listen", "-m", str(model), "--seconds", "7"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    stream = load_model(model).stream(rate=RATE_HZ)
    assert events == [event.to_dict() for event in [*stream.push(sound), *stream.finish()]]
    assert [event["event"] for event in events].count("utterance.end") == 2
    assert device.opened[0]["device"] == 1
    assert device.opened[0]["samplerate"] == RATE_HZ


def test_what_is_recorded_is_kept_with_its_timeline(device, model, sound, tmp_path, capsys):
    file = tmp_path / "talk.wav"
    arguments = ["listen", "-m", str(model), "--seconds", "6.95", "--record", str(file)]
    assert run(arguments) == 0
    samples, rate_hz = soundfile.read(file, dtype="float32")
    assert rate_hz == RATE_HZ
    np.testing.assert_allclose(samples, sound[: len(samples)], atol=1e-4)
    assert len(samples) == round(6.95 * RATE_HZ)
    rows = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == ["talk.wav"] * 2
    offline = [row for row in load_model(model).timeline(file, segments="speech") if row.scores]
    assert [(row["start"], row["emotion"]) for row in rows] == [(row.start, row.emotion) for row in offline]
    capsys.readouterr()
    assert run(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert run([*arguments, "--overwrite"]) == 0


def test_a_device_that_is_unplugged_ends_it_and_the_sound_is_kept(device, model, sound, tmp_path, capsys):
    assert run(["listen", "-m", str(model), "--record", str(tmp_path / "a.wav")]) == 0
    assert "gives no sound; is it connected?" in capsys.readouterr().err
    assert len(soundfile.read(tmp_path / "a.wav")[0]) == len(sound)


def test_a_device_is_chosen_by_number_or_name(device, model, capsys):
    for name in ("2", "usb"):
        assert run(["listen", "-m", str(model), "--device", name, "--seconds", "0.5"]) == 0
    assert [settings["device"] for settings in device.opened] == [2, 2]
    assert run(["listen", "-m", str(model), "--device", "phone"]) == 1
    assert "names several input devices: 1 Built-in Microphone; 2 USB" in capsys.readouterr().err
    assert run(["listen", "-m", str(model), "--device", "banjo"]) == 1
    assert "names no input device: 1 Built-in" in capsys.readouterr().err


def test_lost_sound_is_reported(device, model, capsys):
    device.status = "input overflow"
    assert run(["listen", "-m", str(model), "--seconds", "1"]) == 0
    assert "sound was lost 70 times" in capsys.readouterr().err


def test_a_device_that_cannot_be_opened_is_one_sentence(device, model, monkeypatch, capsys):
    def refuse(**settings):
        raise PortAudioError("Device unavailable")

    monkeypatch.setattr(device, "InputStream", refuse)
    assert run(["listen", "-m", str(model)]) == 1
    assert "cannot be opened (Device unavailable)" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_seconds_that_are_not_finite_are_refused(device, model, value, capsys):
    assert run(["listen", "-m", str(model), "--seconds", value]) == 2
    assert f"{value} is not a finite number" in capsys.readouterr().err


def test_an_interval_of_zero_is_refused(device, model, capsys):
    assert run(["listen", "-m", str(model), "--interval", "0"]) == 1
    assert "interval_s= takes 0.25 to 60 s, not 0" in capsys.readouterr().err


def test_the_extra_is_named_if_it_is_missing(monkeypatch, model, capsys):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert run(["listen", "-m", str(model)]) == 1
    assert "pip install 'serenade[mic]'" in capsys.readouterr().err


def test_the_live_view_shows_speech_scores_and_utterances(model, sound):
    view = LiveView(labels=load_model(model).labels, device="Built-in Microphone")
    shown = []
    stream = load_model(model).stream(rate=RATE_HZ)
    console = Console(width=100, record=True, file=io.StringIO())
    for event in [*stream.push(sound), *stream.finish()]:
        view.take(event)
        console.print(view.render())
        shown.append(console.export_text())
    assert "● speech" in shown[0]
    assert "○ no speech" in shown[-1]
    assert shown[-1].count(" s  ") == 2
    assert any("█" in text for text in shown)
