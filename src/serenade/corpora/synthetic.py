"""Made corpora: CREMA-D's file names and tables, voices made in numpy.

For the demo and for tests: nothing is downloaded, nobody's voice is used, and the same generator gives the
same files. A network that learns from some of the speakers recognises most, not all, of what others mean.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from serenade.corpora.cremad import SENTENCES
from serenade.corpora.voice import RATE_HZ, Manner, say
from serenade.errors import CorpusError
from serenade.files import make_folder, write_whole

CODES = {
    "anger": "ANG",
    "disgust": "DIS",
    "fear": "FEA",
    "happiness": "HAP",
    "neutral": "NEU",
    "sadness": "SAD",
}
DEFAULT_SENTENCES = ("DFA", "ITS", "TAI", "IWL", "ITH", "TSI")


@dataclass(frozen=True, kw_only=True)
class _Change:
    """What an emotion does to a speaker's neutral voice; signs after Scherer, Speech Commun. 40, 2003."""

    pitch_st: float = 0.0
    range_st: float = 0.0
    slope_st: float = 0.0
    tempo: float = 0.0
    level_db: float = 0.0
    tilt_db: float = 0.0
    breath: float = 0.0
    jitter: float = 0.0
    tremor_st: float = 0.0
    opening: float = 0.0


_CHANGES = {
    "anger": _Change(
        pitch_st=3, range_st=2, slope_st=-2, tempo=0.08, level_db=7, tilt_db=3.5, jitter=0.02, opening=0.12
    ),
    "disgust": _Change(
        pitch_st=-2,
        range_st=0.5,
        slope_st=-2,
        tempo=-0.2,
        level_db=-1,
        tilt_db=-0.5,
        jitter=0.03,
        opening=-0.06,
    ),
    "fear": _Change(
        pitch_st=5, range_st=-0.5, slope_st=1, tempo=0.2, level_db=1, tilt_db=0.5, breath=0.15, tremor_st=0.6
    ),
    "happiness": _Change(
        pitch_st=4, range_st=3.5, slope_st=2, tempo=0.06, level_db=4, tilt_db=1.5, opening=0.08
    ),
    "neutral": _Change(),
    "sadness": _Change(
        pitch_st=-1,
        range_st=-1.5,
        slope_st=-1,
        tempo=-0.15,
        level_db=-6,
        tilt_db=-3,
        breath=0.25,
        opening=-0.08,
    ),
}
_LEVELS = {"LO": 0.6, "MD": 1.0, "HI": 1.4, "XX": 1.0}


@dataclass(frozen=True, kw_only=True)
class _Speaker:
    number: int
    sex: str
    age: int
    voice: Manner
    expressive: float


def make_cremad(
    folder: str | Path,
    *,
    speakers: int = 12,
    sentences: Sequence[str] = DEFAULT_SENTENCES,
    rng: np.random.Generator,
    traps: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Write a corpus in CREMA-D's shape: `AudioWAV/1001_DFA_ANG_XX.wav` … and `VideoDemographics.csv`.

    Args:
        folder: where to; made if need be.
        speakers: 1 to 91, named 1001 …; sexes take turns.
        sentences: codes of `cremad.SENTENCES`; each is said in all six emotions (IEO in three levels).
        rng: decides everything.
        traps: replace three clips by what real copies hold: a silent one, one that is another's sound under
            another label, and a Git-LFS pointer.
        progress: called with the number of clips written, and of all.

    Returns:
        The recordings, sorted.

    Raises:
        CorpusError: a number of speakers or a sentence that CREMA-D does not have.
        OutputError: no place to write.
    """
    if not 1 <= speakers <= 91:
        raise CorpusError(f"CREMA-D has 1 to 91 speakers, not {speakers}")
    if unknown := sorted(set(sentences) - SENTENCES.keys()):
        raise CorpusError(f"CREMA-D has no sentence {unknown[0]!r}; choose of {', '.join(SENTENCES)}")
    folder = Path(folder)
    sounds = make_folder(folder / "AudioWAV")
    cast = [_make_speaker(number, rng) for number in range(1001, 1001 + speakers)]
    clips = [
        (speaker, sentence, emotion, level)
        for speaker in cast
        for sentence in sentences
        for emotion in CODES
        for level in _levels(sentence, emotion)
    ]
    files = []
    for done, (speaker, sentence, emotion, level) in enumerate(clips, 1):
        samples = say(SENTENCES[sentence], _manner(speaker, emotion, _LEVELS[level], rng), rng=rng)
        files.append(sounds / f"{speaker.number}_{sentence}_{CODES[emotion]}_{level}.wav")
        _write(files[-1], samples)
        if progress is not None:
            progress(done, len(clips))
    with write_whole(folder / "VideoDemographics.csv") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["ActorID", "Age", "Sex", "Race", "Ethnicity"])
        writer.writerows([one.number, one.age, one.sex.capitalize(), "Unknown", "Unknown"] for one in cast)
    if traps:
        _set_traps(sorted(files))
    return tuple(sorted(files))


def _levels(sentence: str, emotion: str) -> tuple[str, ...]:
    return ("LO", "MD", "HI") if sentence == "IEO" and emotion != "neutral" else ("XX",)


def _make_speaker(number: int, rng: np.random.Generator) -> _Speaker:
    man = number % 2 == 1
    return _Speaker(
        number=number,
        sex="male" if man else "female",
        age=int(rng.integers(20, 70)),
        expressive=rng.uniform(0.7, 1.25),
        voice=Manner(
            f0_hz=rng.uniform(95, 140) if man else rng.uniform(170, 235),
            range_st=rng.uniform(2.2, 3.6),
            slope_st=rng.uniform(-3, -1),
            tempo=rng.uniform(0.9, 1.1),
            level_db=rng.uniform(-27, -20),
            tilt_db=rng.uniform(-1.5, 1.0),
            breath=rng.uniform(0.03, 0.12),
            jitter=rng.uniform(0.006, 0.02),
            tremor_st=0.05,
            tract=rng.uniform(0.96, 1.06) if man else rng.uniform(0.82, 0.92),
            opening=rng.uniform(0.95, 1.05),
        ),
    )


def _manner(speaker: _Speaker, emotion: str, level: float, rng: np.random.Generator) -> Manner:
    """The speaker's voice in an emotion, a little different every time."""
    change, voice = _CHANGES[emotion], speaker.voice
    strength = speaker.expressive * level * float(np.clip(rng.normal(1.0, 0.35), 0.1, 1.8))
    semitones = strength * change.pitch_st + rng.normal(0, 1.0)
    return replace(
        voice,
        f0_hz=voice.f0_hz * 2 ** (semitones / 12),
        range_st=max(0.5, voice.range_st + strength * change.range_st + rng.normal(0, 0.7)),
        slope_st=voice.slope_st + strength * change.slope_st + rng.normal(0, 1.0),
        tempo=float(np.clip(voice.tempo + strength * change.tempo + rng.normal(0, 0.05), 0.7, 1.5)),
        level_db=min(-18.0, voice.level_db + strength * change.level_db + rng.normal(0, 2.0)),
        tilt_db=voice.tilt_db + strength * change.tilt_db + rng.normal(0, 1.0),
        breath=voice.breath + strength * change.breath + abs(rng.normal(0, 0.03)),
        jitter=voice.jitter + strength * change.jitter + abs(rng.normal(0, 0.004)),
        tremor_st=voice.tremor_st + strength * change.tremor_st,
        opening=voice.opening * (1 + strength * change.opening + rng.normal(0, 0.02)),
    )


def _write(file: Path, samples: np.ndarray) -> None:
    with write_whole(file, "wb") as out:
        soundfile.write(out, samples, RATE_HZ, format="WAV", subtype="PCM_16")


def _set_traps(files: Sequence[Path]) -> None:
    if len(files) < 4:
        raise CorpusError("traps need at least four clips; make more speakers or sentences")
    silent, one, twin, pointer = files[-1], files[0], files[1], files[2]
    _write(silent, np.zeros(2 * RATE_HZ, dtype=np.float32))
    shutil.copyfile(one, twin)
    with write_whole(pointer) as out:
        out.write(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 64044\n")
