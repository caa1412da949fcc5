"""The check of a corpus: what it contains, and what would harm training."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from serenade.corpora.file_checks import FileCheck, check_file, find_identical
from serenade.corpora.row_checks import Conflict, find_bad_times, find_conflicts, find_repeated
from serenade.corpora.speaker_names import MergedSpeaker


@dataclass(frozen=True, kw_only=True)
class CorpusCheck:
    """The result of `check_corpus`. Files are named as in the table, in its order.

    Attributes:
        clips: number of rows of the table.
        files: number of recordings (or spectrograms) that contain them.
        spectrograms: number of files that are `.npy` spectrograms.
        usable: number of files that exist, are readable and not silent, and have a clip with valid times.
        emotions: clips by emotion and sex, `{"anger": {"female": 3, "male": 2}}`; sex "" if unknown.
        speakers: clips by speaker, without unknown ones.
        languages: clips by language code.
        durations_s: length of every readable recording, by file.
        rates_hz: number of files by sampling rate.
        channels: number of files by number of channels.
        missing: files that do not exist.
        lfs_pointers: Git LFS pointers instead of recordings.
        unreadable: the reason, by file.
        truncated: files whose sound is incomplete, with the reason.
        silent: files without sound.
        identical: groups of files with the same bytes.
        two_labels: files (or groups of identical files) with the same or overlapping clips under two labels.
        two_speakers: the same for speakers.
        repeated: files with a clip that is listed more than once under the same label and speaker.
        bad_times: the reason, by file: an end before the start, or a start outside the recording; such clips
            cannot be used.
        cut_times: the reason, by file: an end outside the recording; such clips end with their recording.
        warnings: what else is remarkable, by file, such as an inverted channel.
        merged_speakers: speakers whose names have several spellings, such as 1 and 01.
        unlabelled: files of rows without an emotion.
        without_speaker: files of rows without a speaker.
    """

    clips: int
    files: int
    spectrograms: int
    usable: int
    emotions: dict[str, dict[str, int]]
    speakers: dict[str, int]
    languages: dict[str, int]
    durations_s: dict[str, float]
    rates_hz: dict[int, int]
    channels: dict[int, int]
    missing: tuple[str, ...]
    lfs_pointers: tuple[str, ...]
    unreadable: dict[str, str]
    truncated: dict[str, str]
    silent: tuple[str, ...]
    identical: tuple[tuple[str, ...], ...]
    two_labels: tuple[Conflict, ...]
    two_speakers: tuple[Conflict, ...]
    repeated: tuple[str, ...]
    bad_times: dict[str, str]
    cut_times: dict[str, str]
    warnings: dict[str, str]
    merged_speakers: tuple[MergedSpeaker, ...]
    unlabelled: tuple[str, ...]
    without_speaker: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-serializable values."""
        return asdict(self)


def check_corpus(
    table: pd.DataFrame,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CorpusCheck:
    """Check every file and every row of a corpus table.

    Args:
        table: of `read_corpus`.
        jobs: number of threads; one per core if None. The result does not depend on it.
        progress: called with the number of files checked so far and the total.

    >>> import tempfile
    >>> from serenade.corpora import new_table
    >>> check_corpus(new_table([{"file": f"{tempfile.mkdtemp()}/lost.wav"}])).usable
    0
    """
    files = list(dict.fromkeys(table["file"]))
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as threads:
        try:
            checks = dict(
                zip(files, _with_progress(threads.map(check_file, files), len(files), progress), strict=True)
            )
            identical = find_identical(
                [file for file in files if checks[file].state in ("ok", "silent")], threads
            )
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    recordings = {file: check for file, check in checks.items() if check.rate_hz}
    durations_s = {file: check.duration_s for file, check in recordings.items()}
    bad_times, cut_times, rows_with_good_times = find_bad_times(table, durations_s)
    usable = {file for file, check in checks.items() if check.state == "ok"}

    def in_state(state: str) -> tuple[str, ...]:
        return tuple(file for file in files if checks[file].state == state)

    return CorpusCheck(
        clips=len(table),
        files=len(files),
        spectrograms=sum(file.endswith(".npy") for file in files),
        usable=len(usable & set(table["file"][rows_with_good_times])),
        emotions=_by_emotion_and_sex(table),
        speakers=_counts(table["speaker"]),
        languages=_counts(table["language"]),
        durations_s=durations_s,
        rates_hz=_tally(check.rate_hz for check in recordings.values()),
        channels=_tally(check.channels for check in recordings.values()),
        missing=in_state("missing"),
        lfs_pointers=in_state("pointer"),
        unreadable={file: checks[file].reason for file in in_state("unreadable")},
        truncated={file: check.truncation for file, check in recordings.items() if check.truncation},
        silent=in_state("silent"),
        identical=identical,
        two_labels=find_conflicts(table, "emotion", identical),
        two_speakers=find_conflicts(table, "speaker", identical),
        repeated=find_repeated(table),
        bad_times=bad_times,
        cut_times=cut_times,
        warnings={file: "; ".join(check.warnings) for file, check in recordings.items() if check.warnings},
        merged_speakers=tuple(table.attrs.get("merged_speakers", ())),
        unlabelled=tuple(dict.fromkeys(table["file"][table["emotion"] == ""])),
        without_speaker=tuple(dict.fromkeys(table["file"][table["speaker"] == ""])),
    )


def _with_progress(
    checks: Iterable[FileCheck], total: int, progress: Callable[[int, int], None] | None
) -> Iterable[FileCheck]:
    for done, check in enumerate(checks, 1):
        if progress is not None:
            progress(done, total)
        yield check


def _by_emotion_and_sex(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for emotion in sorted(set(table["emotion"]) - {""}):
        counts = table.loc[table["emotion"] == emotion, "sex"].value_counts().sort_index()
        result[emotion] = {str(sex): int(count) for sex, count in counts.items()}
    return result


def _counts(names: pd.Series[str]) -> dict[str, int]:
    return {str(name): int(count) for name, count in names[names != ""].value_counts().sort_index().items()}


def _tally(values: Iterable[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
