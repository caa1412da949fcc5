from __future__ import annotations

import random

import numpy as np
import pytest
import soundfile

from serenade.audio.logmel import FrontEnd
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.predictor import Predictor, predict


@pytest.fixture(scope="module")
def predictor(model_file):
    return Predictor(model_file)


def same(one: Prediction, other: Prediction) -> bool:
    return one.to_dict() == other.to_dict() and one.scores == other.scores


def test_the_order_of_files_never_changes_an_answer(predictor, model_file, voices):
    in_order = list(predictor.predict_files(voices))
    assert [answer.file for answer in in_order] == [str(file) for file in voices]
    assert len({round(answer.confidence, 4) for answer in in_order}) > 6  # the toy hears a difference
    shuffled = random.Random(1).sample(voices, len(voices))
    by_file = {answer.file: answer for answer in Predictor(model_file, jobs=3).predict_files(shuffled)}
    for answer in in_order:
        assert same(answer, by_file[answer.file])
        assert same(answer, predictor.predict_file(answer.file))


def test_a_file_says_what_it_was(predictor, voices):
    answer = predictor.predict_file(voices[1])
    assert answer.quality.resampled_from_hz == 44_100
    assert answer.quality.duration_s == pytest.approx(0.97, abs=0.01)
    assert (answer.start, answer.end) == (0.0, answer.quality.duration_s)
    assert (answer.model.name, answer.model.version, answer.model.license) == ("toy", "3", "MIT")
    assert predictor.predict_file(voices[0]).quality.resampled_from_hz is None


def test_one_bad_file_among_many_is_named_and_the_others_answered(predictor, voices, tmp_path):
    (tmp_path / "bad.wav").write_text("this is not sound")
    np.save(tmp_path / "mel.npy", np.zeros(3))
    (tmp_path / "folder").mkdir()
    bad = [tmp_path / "bad.wav", tmp_path / "mel.npy", tmp_path / "folder", tmp_path / "gone.wav"]
    results = list(predictor.predict_files([voices[0], *bad, voices[1]]))
    assert [isinstance(result, Failure) for result in results] == [False, True, True, True, True, False]
    assert [result.file for result in results] == [str(file) for file in (voices[0], *bad, voices[1])]
    assert "holds arrays, not sound" in results[2].error.message
    assert "holds no recordings" in results[3].error.message


@pytest.mark.parametrize("jobs", [1, 3])
def test_stopping_early_stops_long_recordings_too(model_file, toy, tmp_path, jobs):
    file = toy.write_voice(tmp_path / "long.wav", 40.0)
    seen = []
    stream = Predictor(model_file, jobs=jobs).predict_files([file] * 50, progress=lambda *at: seen.append(at))
    next(stream)
    stream.close()
    assert len(seen) < 16 * (1 + 3 * jobs)


def test_silence_is_no_speech_and_not_an_emotion(predictor, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(32_000), 16_000)
    answer = predictor.predict_file(tmp_path / "silent.wav")
    assert (answer.state, answer.emotion, dict(answer.scores)) == ("no_speech", None, {})


def test_a_low_confidence_is_unsure(tmp_path, toy, voices):
    file = toy.write_toy_model(tmp_path / "m.onnx", toy.toy_spec(unsure_below=1.0))
    assert predict(voices[0], model=file).state == "unsure"


def test_an_array_gets_the_answer_of_its_file(predictor, tmp_path, toy):
    sound = np.round(toy.voice(1.5) * 32_767).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    from_file = predictor.predict_file(tmp_path / "a.wav")
    from_array = predictor.predict(sound, rate=16_000)
    assert dict(from_array.scores) == pytest.approx(dict(from_file.scores), abs=1e-6)
    assert from_array.file is None
    assert predictor.predict(toy.voice(1.0, rate_hz=8_000), rate=8_000).quality.resampled_from_hz == 8_000


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 8)), "must be mono"),
        (np.zeros(0), "is empty"),
        (np.array([0.1, np.nan]), "holds NaN"),
        (np.array(["a"]), "floats or signed integers"),
    ],
)
def test_arrays_that_are_no_sound_are_refused(predictor, samples, message):
    with pytest.raises(UnsupportedMedia, match=message):
        predictor.predict(samples, rate=16_000)


def test_rate_belongs_to_arrays_alone(model_file, voices):
    with pytest.raises(UnsupportedMedia, match="does not know its rate"):
        predict(np.zeros(100), model=model_file)
    with pytest.raises(UnsupportedMedia, match="knows its own rate"):
        predict(voices[0], model=model_file, rate=16_000)


def test_a_long_file_is_the_mean_of_its_timeline(predictor, toy, tmp_path):
    file = toy.write_voice(tmp_path / "long.wav", 23.0)
    seen = []
    whole = predictor.predict_file(file, progress=lambda name, seconds: seen.append((name, seconds)))
    stretches = list(predictor.timeline(file))
    assert len(stretches) == 10
    assert whole.end == pytest.approx(23.0)
    weights = [stretch.quality.speech_ratio * stretch.quality.duration_s for stretch in stretches]
    for label, score in whole.scores.items():
        assert score == pytest.approx(np.average([s.scores[label] for s in stretches], weights=weights))
    assert seen[-1] == (str(file), whole.end)
    (listed,) = predictor.predict_files([file])
    assert same(listed, whole)
    array = predictor.predict(soundfile.read(file, dtype="float32")[0], rate=16_000)
    assert dict(array.scores) == pytest.approx(dict(whole.scores), abs=1e-5)


def test_windows_are_as_long_as_the_model_was_trained_on(tmp_path, toy):
    model = toy.write_toy_model(tmp_path / "m.onnx", toy.toy_spec(front_end=FrontEnd(max_duration_s=3.0)))
    predictor = Predictor(model)
    stretches = list(predictor.timeline(toy.write_voice(tmp_path / "a.wav", 6.5)))
    assert [stretch.start for stretch in stretches] == pytest.approx([0, 1.5, 3.0, 4.5, 6.0])
    short = list(predictor.timeline(toy.write_voice(tmp_path / "b.wav", 2.9)))
    assert [(stretch.start, stretch.end) for stretch in short] == [(0.0, pytest.approx(2.9))]


def test_timelines_name_the_unreadable(predictor, tmp_path, voices):
    (tmp_path / "bad.wav").write_text("no")
    first, second = predictor.timelines([tmp_path / "bad.wav", voices[0]])
    assert isinstance(first[0], Failure)
    assert isinstance(second[0], Prediction)


def test_a_broken_model_is_an_error_of_the_run_not_of_a_file(tmp_path, toy, voices):
    predictor = Predictor(toy.write_toy_model(tmp_path / "m.onnx", outputs=6))
    with pytest.raises(ModelError):
        list(predictor.predict_files(voices))


@pytest.mark.slow
def test_three_hours_stay_within_half_a_gigabyte(tmp_path, toy, model_file):
    import subprocess
    import sys

    piece = np.round(toy.voice(60.0) * 32_767).astype(np.int16)
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 16_000, 1, "PCM_16") as out:
        for _ in range(180):
            out.write(piece)
    # Not ru_maxrss, which begins with what the parent held.
    code = (
        "import sys\n"
        "from serenade.inference.predictor import predict\n"
        "answer = predict(sys.argv[1], model=sys.argv[2])\n"
        "peak_kib = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]\n"
        "print(round(answer.end), int(peak_kib) // 1024)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "long.wav"), str(model_file)]
    seconds, peak_mib = map(int, subprocess.run(command, check=True, capture_output=True).stdout.split())
    assert seconds == 3 * 3600
    assert peak_mib < 500
