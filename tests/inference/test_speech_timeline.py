from __future__ import annotations

import numpy as np
import pytest

from serenade import load_model
from serenade.errors import ModelError
from serenade.inference.events import UtteranceEnd
from serenade.inference.speakers import Speakers, Turn
from serenade.inference.speech_segments import SpeechSegmenter

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


@pytest.fixture(scope="module")
def sound(toy):
    pause = np.zeros(round(1.5 * RATE_HZ), np.float32)
    return np.concatenate([pause, toy.voice(2.0), pause, toy.voice(13.0, seed=2), np.tile(pause, 9)])


def test_segments_follow_each_other_without_gaps_and_are_no_longer_than_stated(model, sound):
    rows = list(model.timeline(sound, rate=RATE_HZ, segments="speech"))
    assert rows[0].start == 0
    assert rows[-1].end == pytest.approx(len(sound) / RATE_HZ)
    assert [row.end for row in rows[:-1]] == pytest.approx([row.start for row in rows[1:]])
    assert max(row.end - row.start for row in rows) <= 10.0
    # The last voice takes two segments, and the silence after it two.
    assert [row.state == "no_speech" for row in rows] == [True, False, True, False, False, True, True]
    short = list(model.timeline(sound, rate=RATE_HZ, segments="speech", window_s=4.0))
    assert max(row.end - row.start for row in short) <= 4.0


def test_they_are_the_utterances_of_a_stream(model, sound):
    stream = model.stream()
    events = [*stream.push(sound), *stream.finish()]
    streamed = [event.prediction for event in events if isinstance(event, UtteranceEnd)]
    rows = model.timeline(sound, rate=RATE_HZ, segments="speech")
    assert streamed == [row for row in rows if row.scores]


def test_the_sound_of_the_segments_is_that_of_the_recording(sound):
    segmenter = SpeechSegmenter(rate_hz=RATE_HZ)
    segments = [*segmenter.push(sound[:70_001]), *segmenter.push(sound[70_001:]), *segmenter.finish()]
    np.testing.assert_array_equal(np.concatenate([segment.samples for segment in segments]), sound)


def test_a_recording_without_speech_has_a_row(model):
    (row,) = model.timeline(np.zeros(RATE_HZ), rate=RATE_HZ, segments="speech")
    assert (row.state, row.start, row.end) == ("no_speech", 0, 1)


def test_a_segment_ends_where_the_speaker_changes(model, toy):
    sound = toy.voice(6.0)
    (file,) = names = ("talk",)
    turns = {file: [Turn(speaker="Ann", end=3.0), Turn(speaker="Bob", start=3.0, end=5.0)]}
    segmenter = SpeechSegmenter(rate_hz=RATE_HZ, speaker_at=Speakers(turns=turns).track(names[0]))
    segments = [*segmenter.push(sound), *segmenter.finish()]
    spoken = [segment for segment in segments if segment.speech_s]
    assert [segment.speaker for segment in spoken] == ["Ann", "Bob"]
    assert spoken[0].end / RATE_HZ == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("segments", ["windows", "speech"])
def test_predictions_name_their_speaker_and_are_adapted_as_the_recording_goes_on(toy, tmp_path, segments):
    import soundfile

    model = load_model(toy.write_toy_adapted_model(tmp_path / "model.onnx"))
    pause = np.zeros(RATE_HZ, np.float32)
    voices = [toy.voice(4.0, level=0.08 / (6 if n % 2 else 1), seed=n) for n in range(10)]
    soundfile.write(tmp_path / "a.wav", np.concatenate([p for v in voices for p in (v, pause)]), RATE_HZ)
    file = str(tmp_path / "a.wav")
    speakers = Speakers(turns={file: [Turn(speaker="Ann")]})
    how = {"window_s": 5.0} | ({"hop_s": 5.0} if segments == "windows" else {})
    plain = [row for row in model.timeline(file, segments=segments, **how) if row.scores]
    rows = [row for row in model.timeline(file, segments=segments, speakers=speakers, **how) if row.scores]
    assert {row.speaker for row in rows} == {"Ann"}
    assert {row.speaker for row in plain} == {None}
    assert [row.adaptation for row in rows[:3]] == [0.0] * 3
    assert dict(rows[0].scores) == pytest.approx(dict(plain[0].scores))
    assert {row.emotion for row in plain} == {"neutral"}
    assert [row.emotion for row in rows[-2:]] == ["anger", "neutral"]
    unadapted = model.timeline(file, segments=segments, speakers=speakers, adapt=False, **how)
    assert [row.scores for row in unadapted if row.scores] == [row.scores for row in plain]


def test_wrong_lengths_are_one_sentence(model):
    with pytest.raises(ModelError, match="have no hop"):
        model.timeline(np.zeros(10), rate=RATE_HZ, segments="speech", hop_s=1)
    with pytest.raises(ModelError, match="at least 1 s"):
        model.timeline(np.zeros(10), rate=RATE_HZ, segments="speech", window_s=0.5)
