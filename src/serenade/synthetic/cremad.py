"""Made corpora: CREMA-D's file names and tables, voices made in numpy.

For the demo and for tests: nothing is downloaded, nobody's voice is used, and the same generator gives the
same files. A network that learns from some of the speakers recognises most, not all, of what others mean.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from serenade.corpora.readers.cremad import SENTENCES
from serenade.corpora.registry import MADE_FILE
from serenade.errors import CorpusError
from serenade.files import make_folder, write_whole
from serenade.synthetic.speakers import make_speaker, manner_of
from serenade.synthetic.voice import RATE_HZ, say

CODES = {
    "anger": "ANG",
    "disgust": "DIS",
    "fear": "FEA",
    "happiness": "HAP",
    "neutral": "NEU",
    "sadness": "SAD",
}
DEFAULT_SENTENCES = ("DFA", "ITS", "TAI", "IWL", "ITH", "TSI")


_LEVELS = {"LO": 0.6, "MD": 1.0, "HI": 1.4, "XX": 1.0}


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

    A file beside them says that it is made; `read_corpus` calls it "made", lest it pass for CREMA-D.

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
    cast = [make_speaker(number, rng) for number in range(1001, 1001 + speakers)]
    clips = [
        (speaker, sentence, emotion, level)
        for speaker in cast
        for sentence in sentences
        for emotion in CODES
        for level in _levels(sentence, emotion)
    ]
    with write_whole(folder / MADE_FILE) as out:
        out.write("These voices were made by serenade, in numpy; nobody was recorded. CC0-1.0.\n")
    files = []
    for done, (speaker, sentence, emotion, level) in enumerate(clips, 1):
        samples = say(SENTENCES[sentence], manner_of(speaker, emotion, _LEVELS[level], rng), rng=rng)
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
