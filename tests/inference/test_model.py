from __future__ import annotations

import io
import random
import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile

from serenade import Model, load_model, predict
from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.utterances import Utterance


@pytest.fixture(scope="module")
def model(model_file):
    return load_model(model_file)


def same(one: Prediction, other: Prediction) -> bool:
    return one.to_dict() == other.to_dict() and one.scores == other.scores


def test_the_order_of_files_never_changes_a_prediction(model, voices):
    in_order = list(model.predict_files(voices))
    assert [prediction.file for prediction in in_order] == [str(file) for file in voices]
    assert len({round(prediction.confidence, 4) for prediction in in_order}) > 6
    shuffled = random.Random(1).sample(voices, len(voices))
    by_file = {prediction.file: prediction for prediction in model.predict_files(shuffled, jobs=3)}
    for prediction in in_order:
        assert same(prediction, by_file[prediction.file])
        assert same(prediction, model.predict(prediction.file))


def test_the_quality_of_a_file_is_in_its_prediction(model, voices):
    prediction = model.predict(voices[1])
    assert prediction.quality.resampled_from_hz == 44_100
    assert prediction.quality.duration_s == pytest.approx(0.97, abs=0.01)
    assert (prediction.start, prediction.end) == (0.0, prediction.quality.duration_s)
    assert (prediction.model.name, prediction.model.version, prediction.model.license) == ("toy", "3", "MIT")
    assert model.predict(voices[0]).quality.resampled_from_hz is None


def test_one_bad_file_among_many_is_named_and_the_others_predicted(model, voices, tmp_path):
    (tmp_path / "bad.wav").write_text("this is not sound")
    np.save(tmp_path / "mel.npy", np.zeros(3))
    (tmp_path / "folder").mkdir()
    bad = [tmp_path / "bad.wav", tmp_path / "mel.npy", tmp_path / "folder", tmp_path / "gone.wav"]
    results = list(model.predict_files([voices[0], *bad, voices[1]]))
    assert [isinstance(result, Failure) for result in results] == [False, True, True, True, True, False]
    assert [result.file for result in results] == [str(file) for file in (voices[0], *bad, voices[1])]
    assert "has arrays, not sound" in results[2].error.message
    assert "folder without recordings" in results[3].error.message


@pytest.mark.parametrize("jobs", [1, 3])
def test_closing_the_iterator_stops_long_recordings_too(model, toy, tmp_path, jobs):
    file = toy.write_voice(tmp_path / "long.wav", 40.0)
    seen = []
    results = model.predict_files([file] * 50, jobs=jobs, progress=lambda *at: seen.append(at))
    next(results)
    results.close()
    assert len(seen) < 16 * (1 + 3 * jobs)


def test_silence_is_no_speech_and_not_an_emotion(model):
    prediction = model.predict(np.zeros(32_000), rate=16_000)
    assert (prediction.state, prediction.emotion, dict(prediction.scores)) == ("no_speech", None, {})


def test_a_low_confidence_is_unsure(tmp_path, toy, voices):
    file = toy.write_toy_model(tmp_path / "m.onnx", toy.toy_spec(unsure_below=1.0))
    assert predict(voices[0], model=file).state == "unsure"


@pytest.mark.parametrize("seconds", [1.5, 23.0])
def test_every_form_of_a_recording_has_the_same_prediction(model, tmp_path, toy, seconds):
    samples = np.round(toy.voice(seconds) * 32_767).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    expected = model.predict(tmp_path / "a.wav")
    content = (tmp_path / "a.wav").read_bytes()
    floats = (samples / 32_768).astype(np.float32)
    with open(tmp_path / "a.wav", "rb") as file:
        by_name = [model.predict(str(tmp_path / "a.wav")), model.predict(file)]
    without = [
        model.predict(content),
        model.predict(bytearray(content)),
        model.predict(io.BytesIO(content)),
        model.predict(samples, rate=16_000),
        model.predict(samples.tolist(), rate=16_000),
        model.predict(floats, rate=16_000.0),
        model.predict(np.stack([floats, floats]), rate=16_000),
    ]
    for prediction in by_name:
        assert same(prediction, expected)
    for prediction in without:
        assert prediction.file is None
        assert prediction.end == pytest.approx(expected.end)
        assert dict(prediction.scores) == pytest.approx(dict(expected.scores), abs=1e-6)


def test_a_pipe_is_a_recording(model_file, voices):
    code = "import sys, serenade; print(serenade.predict(sys.stdin.buffer, model=sys.argv[1]).confidence)"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(model_file)],
        input=voices[0].read_bytes(),
        capture_output=True,
        check=True,
    )
    assert float(ran.stdout) == predict(voices[0], model=model_file).confidence


def test_what_is_not_a_recording_is_an_error(model, tmp_path, voices):
    (tmp_path / "a.txt").write_text("text")
    for recording, rate, message in [
        (np.zeros(100), None, "has no sample rate"),
        (voices[0], 16_000, "states its own sample rate"),
        (voices[0].read_bytes(), 16_000, "states its own sample rate"),
        ("", None, "the path of the recording is empty"),
        (b"", None, "is empty"),
        (io.BytesIO(b"not sound"), None, "cannot be decoded as sound"),
        (np.zeros((128, 300)), 16_000, r"shape \(128, 300\)"),
        (5, None, "samples with their rate, not int 5"),
        ({"a": 1}, 16_000, "samples with their rate, not dict"),
        (tmp_path, None, "is a folder without recordings; pass a recording"),
        (
            voices[0].parent,
            None,
            r"is a folder; pass one recording, or the recordings in it to predict_files",
        ),
    ]:
        with pytest.raises(UnsupportedMedia, match=message):
            model.predict(recording, rate=rate)
    with open(tmp_path / "a.txt") as file, pytest.raises(UnsupportedMedia, match="open it with mode 'rb'"):
        model.predict(file)
    with pytest.raises(ModelError, match="takes a recording as input, and there is none"):
        model.predict(text="Oh no!")


def test_a_long_file_is_the_mean_of_its_timeline(model, toy, tmp_path):
    file = toy.write_voice(tmp_path / "long.wav", 23.0)
    seen = []
    whole = model.predict(file, progress=lambda name, seconds: seen.append((name, seconds)))
    rows = list(model.timeline(file))
    assert len(rows) == 10
    assert whole.end == pytest.approx(23.0)
    weights = [row.quality.speech_ratio * row.quality.duration_s for row in rows]
    for label, score in whole.scores.items():
        assert score == pytest.approx(np.average([row.scores[label] for row in rows], weights=weights))
    assert seen[-1] == (str(file), whole.end)
    assert [same(result, whole) for result in model.predict_files([file])] == [True]


def test_windows_are_as_long_as_the_model_was_trained_on(tmp_path, toy):
    spec = toy.toy_spec(front_end=FrontEnd(max_duration_s=3.0))
    model = load_model(toy.write_toy_model(tmp_path / "m.onnx", spec))
    rows = list(model.timeline(toy.write_voice(tmp_path / "a.wav", 6.5)))
    assert [row.start for row in rows] == pytest.approx([0, 1.5, 3.0, 4.5, 6.0])
    short = list(model.timeline(toy.write_voice(tmp_path / "b.wav", 2.9)))
    assert [(row.start, row.end) for row in short] == [(0.0, pytest.approx(2.9))]
    with pytest.raises(ModelError, match=r"takes windows of 0\.25 to 3 s, not 5 s"):
        model.timeline(tmp_path / "a.wav", window_s=5)


def test_window_and_hop_can_be_chosen(model, tmp_path, toy):
    file = toy.write_voice(tmp_path / "a.wav", 6.5)
    default, explicit = list(model.timeline(file)), list(model.timeline(file, window_s=5, hop_s=2.5))
    assert all(same(*pair) for pair in zip(default, explicit, strict=True))
    assert [row.start for row in model.timeline(file, window_s=2)] == [0, 1, 2, 3, 4, 5, 6]
    assert [row.start for row in model.timeline(file, hop_s=2)] == [0, 2, 4, 6]
    assert [row.start for row in model.timeline(file, window_s=2, hop_s=2)] == [0, 2, 4, 6]
    for wrong in (
        {"window_s": 0.1},
        {"window_s": 61},
        {"window_s": float("nan")},
        {"hop_s": 0.2},
        {"hop_s": 6},
    ):
        with pytest.raises(ModelError, match=r"takes (windows|hops) of"):
            model.timeline(file, **wrong)


def test_one_path_is_not_a_list_of_files(model, voices):
    for files in (str(voices[0]), voices[0], b"content"):
        with pytest.raises(UnsupportedMedia, match="pass a list of files, or one file to predict"):
            model.predict_files(files)
        with pytest.raises(UnsupportedMedia, match="pass a list of files, or one file to predict"):
            model.timeline_files(files)
    with pytest.raises(ValueError, match="jobs must be 1 or more, not 0"):
        model.predict_files(voices, jobs=0)


@pytest.mark.parametrize("seconds", [2.0, 12.0])
def test_a_stream_of_unstated_length_has_the_prediction_of_the_file(model, toy, tmp_path, seconds):
    samples = (toy.voice(seconds, rate_hz=48_000)[None] * 32_767).astype(np.int16)
    for name, options in (("live.webm", {"live": "1"}), ("stated.webm", {})):
        with av.open(str(tmp_path / name), "w", format="webm", options=options) as container:
            stream = container.add_stream("libopus", rate=48_000, layout="mono")
            for start in range(0, samples.shape[1], 960):
                frame = av.AudioFrame.from_ndarray(samples[:, start : start + 960].copy(), "s16", "mono")
                frame.sample_rate, frame.pts = 48_000, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    live, stated = (model.predict(tmp_path / name) for name in ("live.webm", "stated.webm"))
    assert live.end == stated.end
    assert live.scores == stated.scores
    rows = [list(model.timeline(tmp_path / name)) for name in ("live.webm", "stated.webm")]
    assert [row.scores for row in rows[0]] == [row.scores for row in rows[1]]


def test_timelines_of_many_files_name_the_unreadable(model, tmp_path, voices):
    (tmp_path / "bad.wav").write_text("no")
    first, second = model.timeline_files([tmp_path / "bad.wav", voices[0]], jobs=2)
    assert isinstance(first[0], Failure)
    assert isinstance(second[0], Prediction)


def test_a_broken_model_is_an_error_of_the_run_not_of_a_file(tmp_path, toy, voices):
    model = load_model(toy.write_toy_model(tmp_path / "m.onnx", outputs=6))
    with pytest.raises(ModelError):
        list(model.predict_files(voices))


def test_a_truncated_file_has_a_warning(model, tmp_path, toy):
    content = toy.write_voice(tmp_path / "a.wav", 2.0).read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    (warning,) = model.predict(tmp_path / "cut.wav").to_dict()["quality"]["warnings"]
    assert "cut short" in warning
    assert "warnings" not in model.predict(tmp_path / "a.wav").to_dict()["quality"]
    rows = list(model.timeline(tmp_path / "cut.wav", window_s=0.5))
    assert [bool(row.quality.warnings) for row in rows] == [False] * (len(rows) - 1) + [True]


@pytest.fixture(scope="module")
def text_model(tmp_path_factory, toy):
    return load_model(toy.write_toy_text_model(tmp_path_factory.mktemp("text") / "m.onnx"))


@pytest.fixture(scope="module")
def fusion_model(tmp_path_factory, toy):
    return load_model(toy.write_toy_fusion_model(tmp_path_factory.mktemp("both") / "m.onnx"))


def test_one_class_for_models_of_sound_text_and_both(model, text_model, fusion_model, voices):
    for loaded in (model, text_model, fusion_model):
        assert isinstance(loaded, Model)
        prediction = loaded.predict(voices[0], text="Great!")
        assert set(prediction.scores) == set(loaded.spec.labels)
        assert prediction.file == str(voices[0])


def test_a_model_of_text(text_model, voices):
    prediction = text_model.predict(text="Oh no!")
    assert (prediction.emotion, prediction.file, prediction.quality.duration_s) == ("sadness", None, 0)
    with_sound = text_model.predict(voices[0], text="Oh no!")
    assert with_sound.scores == prediction.scores
    assert with_sound.quality.warnings == ("the model takes text only, and the recording is ignored",)
    assert model_errors(text_model, voices) == [
        "takes a text as input, and there is none",
        "takes text only, not recordings",
        "has no timeline; use a model of sound alone",
    ]


def model_errors(model, voices):
    """The ends of the messages of what a model of text cannot do."""
    messages = []
    for call in (
        lambda: model.predict(voices[0]),
        lambda: model.predict_files(voices),
        lambda: model.timeline(voices[0]),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        messages.append(caught.value.message.partition("so it ")[2] or caught.value.message)
    return messages


def test_a_model_of_both(fusion_model, voices, toy, tmp_path):
    both = fusion_model.predict(voices[0], text="Oh no!")
    sound, text = fusion_model.predict(voices[0]), fusion_model.predict(text="Oh no!")
    assert both.scores != sound.scores != text.scores != both.scores
    assert [result.scores for result in fusion_model.predict_files([voices[0]])] == [sound.scores]
    samples = soundfile.read(voices[0], dtype="float32")[0]
    array = fusion_model.predict(samples, rate=16_000, text="Oh no!")
    assert dict(array.scores) == pytest.approx(dict(both.scores), abs=1e-6)
    assert fusion_model.predict(np.zeros(16_000), rate=16_000).state == "no_speech"
    (tmp_path / "bad.wav").write_text("not sound")
    with pytest.raises(UnsupportedMedia, match="cannot be decoded as sound"):
        fusion_model.predict(tmp_path / "bad.wav", text="Oh no!")
    with pytest.raises(UnsupportedMedia, match="states its own sample rate"):
        fusion_model.predict(voices[0], rate=16_000, text="Oh no!")


def test_a_text_beside_a_model_of_sound_is_ignored_with_a_warning(model, voices):
    prediction = model.predict(voices[0], text="Oh no!")
    assert prediction.scores == model.predict(voices[0]).scores
    assert prediction.quality.warnings == ("the model takes sound only, and the text is ignored",)


def test_utterances_are_predicted_in_order_and_the_unreadable_named(fusion_model, voices, tmp_path):
    (tmp_path / "bad.wav").write_text("not sound")
    utterances = [
        Utterance(name="1", text="Oh no!", recording=voices[0]),
        Utterance(name="2", text="Great!", recording=tmp_path / "bad.wav"),
        Utterance(name="3"),
    ]
    first, second, third = fusion_model.predict_utterances(utterances)
    assert first.scores == fusion_model.predict(voices[0], text="Oh no!").scores
    assert (second.file, type(second)) == ("2", Failure)
    assert third.state == "no_speech"
