"""The synthetic corpus in the form of CREMA-D."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from serenade.corpora import read_corpus
from serenade.corpora.readers.cremad import parse_name
from serenade.errors import CorpusError
from serenade.synthetic.cremad import make_cremad
from serenade.synthetic.synthesizer import RATE_HZ, VoiceParameters, synthesize

CALM = {
    "f0_hz": 120.0,
    "range_st": 2.0,
    "slope_st": -1.0,
    "tempo": 1.0,
    "level_db": -22.0,
    "tilt_db": 0.0,
    "breath": 0.05,
    "jitter": 0.005,
    "tremor_st": 0.0,
    "tract": 1.0,
    "opening": 1.0,
}


def speech(**changes):
    return synthesize(
        "Don't forget a jacket.", VoiceParameters(**CALM | changes), rng=np.random.default_rng(1)
    )


def level_db(samples):
    return 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))


def pitch_hz(samples):
    """Highest peak of the autocorrelation between 60 and 450 Hz, median over loud frames."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), 1024)[::400]
    frames = frames[np.std(frames, axis=1) > 0.5 * np.std(frames, axis=1).max()]
    power = np.abs(np.fft.rfft(frames * np.hanning(1024), 4096)) ** 2
    autocorrelation = np.fft.irfft(power)[:, : RATE_HZ // 60]
    lags = np.argmax(autocorrelation[:, RATE_HZ // 450 :], axis=1) + RATE_HZ // 450
    return float(np.median(RATE_HZ / lags))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic")
    files = make_cremad(folder, speakers=4, sentences=("DFA", "IEO"), rng=np.random.default_rng(3))
    return folder, files


def test_names_tables_and_form_are_those_of_cremad(corpus):
    folder, files = corpus
    # Six of DFA, and of IEO neutral once and the five others in three levels.
    assert len(files) == 4 * (6 + 1 + 5 * 3)
    assert all(parse_name(file.stem) for file in files)
    table = read_corpus(folder)
    assert table["corpus"].unique().tolist() == ["synthetic"]
    assert table.groupby("speaker")["sex"].first().tolist() == ["male", "female", "male", "female"]
    for file in files:
        info = soundfile.info(str(file))
        assert (info.samplerate, info.channels, info.subtype) == (16000, 1, "PCM_16")
        assert 1.0 < info.duration < 3.3


def test_the_same_generator_gives_the_same_files(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_cremad(tmp_path / name, speakers=1, sentences=("TSI",), rng=np.random.default_rng(seed))
    first, again, other = (
        (tmp_path / name / "AudioWAV" / "1001_TSI_ANG_XX.wav").read_bytes() for name in "abc"
    )
    assert first == again
    assert first != other


def test_anger_is_louder_higher_and_shorter_than_sadness(corpus):
    _, files = corpus
    sounds = {
        code: [soundfile.read(str(file))[0] for file in files if f"_{code}_" in file.name]
        for code in ("ANG", "SAD")
    }
    for measure in (level_db, pitch_hz, lambda samples: -len(samples)):
        assert np.mean([*map(measure, sounds["ANG"])]) > np.mean([*map(measure, sounds["SAD"])])


@pytest.mark.parametrize("f0_hz", [100.0, 150.0, 220.0])
def test_the_pitch_is_the_one_passed(f0_hz):
    assert pitch_hz(speech(f0_hz=f0_hz)) == pytest.approx(f0_hz, rel=0.1)


def test_a_faster_tempo_is_shorter_and_a_steeper_tilt_duller():
    assert len(speech(tempo=1.3)) < len(speech())

    def brightness(samples):
        power = np.abs(np.fft.rfft(samples)) ** 2
        frequencies = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
        band = frequencies < 4000
        return (power * frequencies)[band].sum() / power[band].sum()

    assert brightness(speech(tilt_db=-4)) < brightness(speech()) < brightness(speech(tilt_db=4))


def test_nothing_clips():
    assert np.abs(speech(level_db=-3.0)).max() <= 0.9


def test_defects_are_added(tmp_path):
    files = make_cremad(tmp_path, speakers=1, sentences=("DFA",), rng=np.random.default_rng(0), defects=True)
    contents = [file.read_bytes() for file in files]
    assert contents[0] == contents[1]
    assert contents[2].startswith(b"version https://git-lfs")
    assert not soundfile.read(str(files[-1]))[0].any()


def test_progress_is_reported(tmp_path):
    reported = []
    make_cremad(
        tmp_path,
        speakers=1,
        sentences=("DFA",),
        rng=np.random.default_rng(0),
        progress=lambda done, total: reported.append((done, total)),
    )
    assert reported == [(done, 6) for done in range(1, 7)]


def test_speakers_and_sentences_that_cremad_does_not_have(tmp_path):
    with pytest.raises(CorpusError, match="1 to 91"):
        make_cremad(tmp_path, speakers=92, rng=np.random.default_rng(0))
    with pytest.raises(CorpusError, match="no sentence 'XYZ'"):
        make_cremad(tmp_path, sentences=("XYZ",), rng=np.random.default_rng(0))
