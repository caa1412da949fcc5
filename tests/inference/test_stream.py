from __future__ import annotations

import numpy as np
import pytest

from serenade import load_model
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.events import Result, UtteranceEnd, UtteranceStart

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


@pytest.fixture(scope="module")
def sound(toy):
    """Three utterances of 2, 0.6 and 13 s with pauses of 1.5 s between them."""
    pause = 1e-4 * np.random.default_rng(0).normal(size=round(1.5 * RATE_HZ)).astype(np.float32)
    voices = [toy.voice(seconds, level=level, seed=seed) for seconds, level, seed in UTTERANCES]
    return np.concatenate([pause, *(part for voice in voices for part in (voice, pause))])


UTTERANCES = ((2.0, 0.3, 0), (0.6, 0.1, 1), (13.0, 0.5, 2))


def events_of(model, sound, size, **how):
    stream = model.stream(**how)
    events = [event for at in range(0, len(sound), size) for event in stream.push(sound[at : at + size])]
    return events + stream.finish()


@pytest.mark.parametrize("size", [1, 7, 160, 512, 1_000, 8_192, 16_000, 48_000])
def test_events_do_not_depend_on_the_size_of_the_blocks(model, sound, size):
    sound = sound[: 6 * RATE_HZ] if size == 1 else sound
    assert events_of(model, sound, size) == events_of(model, sound, len(sound))


@pytest.mark.parametrize("size", [1, 441, 48_000])
def test_nor_do_those_of_sound_that_is_resampled(model, toy, size):
    sound = toy.voice(2.0, rate_hz=44_100)
    assert events_of(model, sound, size, rate=44_100) == events_of(model, sound, len(sound), rate=44_100)


def test_each_prediction_is_that_of_the_same_samples_offline(model, sound):
    """Provisional results and final ones, to the last bit."""
    predictions = [event.prediction for event in events_of(model, sound, 1600) if event_has_result(event)]
    assert len(predictions) > 6
    for prediction in predictions:
        samples = sound[round(prediction.start * RATE_HZ) : round(prediction.end * RATE_HZ)]
        offline = model.predict(samples, rate=RATE_HZ)
        assert dict(prediction.scores) == dict(offline.scores)
        assert prediction.quality.level_dbfs == offline.quality.level_dbfs


def event_has_result(event) -> bool:
    return isinstance(event, Result | UtteranceEnd)


def test_an_utterance_is_reported_with_its_bounds_and_in_time(model, sound):
    stream = model.stream()
    events = events_of(model, sound, 800)
    ends = [event for event in events if isinstance(event, UtteranceEnd)]
    assert [event.utterance for event in ends] == [1, 2, 3, 4]  # the last voice is longer than 10 s
    found = [(end.prediction.start, end.prediction.end) for end in ends]
    at, expected = 1.5, []
    for seconds, _, _ in UTTERANCES:
        expected.append((at, at + seconds))
        at += seconds + 1.5
    joined = [found[0], found[1], (found[2][0], found[3][1])]
    assert (
        np.abs(np.subtract(joined, expected)).max() < 0.5
    )  # detection averages over 0.26 s; 0.2 s are added
    assert found[2][1] - found[2][0] == pytest.approx(10, abs=0.04)
    for event in ends:
        assert event.prediction.end <= event.time <= event.prediction.end + stream.latency_s


def test_each_utterance_has_a_start_results_and_an_end(model, sound):
    kinds = {number: [] for number in (1, 2, 3, 4)}
    for event in events_of(model, sound, 800):
        kinds[event.utterance].append(type(event))
    assert kinds[2] == [UtteranceStart, UtteranceEnd]
    assert kinds[3] == [UtteranceStart, *[Result] * kinds[3].count(Result), UtteranceEnd]
    assert kinds[3].count(Result) in (5, 6)


def test_results_come_at_the_interval(model, sound):
    often = [e.time for e in events_of(model, sound, 800, interval_s=0.5) if isinstance(e, Result)]
    seldom = [e.time for e in events_of(model, sound, 800, interval_s=4.0) if isinstance(e, Result)]
    assert len(often) > 3 * len(seldom) > 0
    assert min(np.diff(seldom)) >= 4.0


def test_silence_and_noise_give_no_event(model):
    noise = 0.05 * np.random.default_rng(0).normal(size=5 * RATE_HZ).astype(np.float32)
    assert events_of(model, noise, 1000) == []
    assert events_of(model, 0 * noise, 1000) == []


def test_integers_are_scaled(model, sound):
    whole = np.round(sound * 32767).astype(np.int16)
    integers = events_of(model, whole, 1600)
    assert integers == events_of(model, (whole / 32768).astype(np.float32), 1600)


def test_json_form(model, sound):
    dicts = [event.to_dict() for event in events_of(model, sound, 1600)]
    assert {content["event"] for content in dicts} == {"utterance.start", "result", "utterance.end"}
    assert set(dicts[0]) == {"event", "utterance", "start", "time"}
    assert dicts[-1]["prediction"]["state"] in ("ok", "unsure")


def test_memory_does_not_grow(model, toy):
    stream = model.stream()
    for _ in range(40):
        stream.push(toy.voice(1.0))
    assert len(stream._segmenter._kept) <= 11 * RATE_HZ


def test_running_adaptation_uses_only_the_utterances_before(tmp_path, toy):
    """Every second utterance of this speaker is quiet; unadapted, all are neutral."""
    model = load_model(toy.write_toy_adapted_model(tmp_path / "model.onnx"))
    pause = np.zeros(RATE_HZ, np.float32)
    voices = [toy.voice(1.5, level=0.08 / (6 if n % 2 else 1), seed=n) for n in range(10)]
    sound = np.concatenate([part for voice in voices for part in (voice, pause)])
    plain = ends(events_of(model, sound, 1600))
    adapted = ends(events_of(model, sound, 1600, adapt=True))
    assert [p.adaptation for p in plain] == [None] * 10
    assert [p.adaptation for p in adapted[:3]] == [0.0] * 3
    assert adapted[-1].adaptation > 0.3
    assert {p.emotion for p in plain} == {"neutral"}
    assert [p.emotion for p in adapted[-2:]] == ["anger", "neutral"]
    # What comes later changes nothing.
    half = sound[: 5 * round(2.5 * RATE_HZ)]
    assert ends(events_of(model, half, 1600, adapt=True))[:4] == adapted[:4]


def ends(events):
    return [event.prediction for event in events if isinstance(event, UtteranceEnd)]


def test_wrong_use_is_one_sentence(model):
    with pytest.raises(ModelError, match="interval_s= takes"):
        model.stream(interval_s=0)
    with pytest.raises(ModelError, match="window_s= takes"):
        model.stream(window_s=100)
    with pytest.raises(ModelError, match="no speaker adaptation"):
        model.stream(adapt=True)
    stream = model.stream()
    with pytest.raises(UnsupportedMedia, match="NaN"):
        stream.push(np.full(10, np.nan))
    assert stream.push(np.zeros(0)) == []
    stream.finish()
    assert stream.finish() == []
    with pytest.raises(ModelError, match="is finished"):
        stream.push(np.zeros(10))


@pytest.mark.parametrize("rate", [0, -1, 1, 999, 384_001, 1e9, 16_000.5, float("nan"), "16000", True])
def test_an_impossible_rate_is_one_sentence(model, rate):
    with pytest.raises(UnsupportedMedia, match="a whole number from 1,000 to 384,000, not"):
        model.stream(rate=rate)
