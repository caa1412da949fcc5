"""Files and arrays in, answers out.

Each clip is computed alone, on as many threads as are asked for: an answer is then the same to the last bit
whatever else was asked. Batches of eight would save 3 to 12 % of the time on a processor (compact, cnn_lstm).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from serenade.audio.decode import blocks, decode, probe
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.clip import Clip, clip_of, mono
from serenade.inference.model import SOUND, Model, default_model, load_model
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.summary import summary
from serenade.inference.timeline import answer, timeline

WINDOW_S = 5.0
"""Window of a long recording, where the model does not name one: the longest clips of CREMA-D."""

Progress = Callable[[str, float], None]
"""Called with a long recording and the seconds of it that are done; from several threads if `jobs` > 1."""

_T = TypeVar("_T")


class Predictor:
    """Asks one model about many recordings.

    Args:
        model: a loaded model, or what `load_model` takes; None for the bundled one.
        jobs: recordings decoded and computed at once, each on one thread.

    Attributes:
        window_s: length of a window in a long recording: what the model was trained on at most, or 5 s.
        whole_up_to_s: recordings up to this length are heard whole, longer ones window by window.
    """

    def __init__(self, model: Model | str | Path | None = None, *, jobs: int = 1) -> None:
        if not isinstance(model, Model):
            model = load_model(default_model() if model is None else model, threads=1)
        if model.takes != SOUND:
            raise ModelError(
                f"takes {', '.join(sorted(model.takes))}, not sound alone; ask it with a text: "
                "serenade predict --text",
                file=model.file,
            )
        self.model = model
        self.jobs = jobs
        self.rate_hz = model.spec.front_end.rate_hz
        longest_s = model.spec.front_end.max_duration_s
        self.window_s = longest_s or WINDOW_S
        self.whole_up_to_s = longest_s or 2 * WINDOW_S

    def predict(self, samples: npt.NDArray[Any], *, rate: int) -> Prediction:
        """Answer for an array.

        Args:
            samples: mono [shape=(samples,)], floats in [-1, 1] or signed integers of full range.
            rate: its samples per second.

        Raises:
            UnsupportedMedia: empty, not mono, or not finite.
        """
        waveform = mono(samples, rate=rate, rate_hz=self.rate_hz)
        resampled_from_hz = None if rate == self.rate_hz else rate
        if len(waveform) <= self.whole_up_to_s * self.rate_hz:
            return self._whole(clip_of(waveform, rate_hz=self.rate_hz, resampled_from_hz=resampled_from_hz))
        half = round(self.window_s * self.rate_hz / 2)
        halves = (waveform[at : at + half] for at in range(0, len(waveform), half))
        stretches = timeline(self.model, halves, resampled_from_hz=resampled_from_hz)
        return summary(stretches, unsure_below=self.model.spec.unsure_below)

    def predict_file(self, file: str | Path, *, progress: Progress | None = None) -> Prediction:
        """Answer for a recording of any length, in constant memory.

        Args:
            file: its path.
            progress: told how far a long recording is.

        Raises:
            UnsupportedMedia: it cannot be read as sound.
        """
        _require_recording(file)
        duration_s = probe(file).duration_s
        if duration_s is None or duration_s > self.whole_up_to_s:
            stretches = self.timeline(file, progress=progress)
            return summary(stretches, unsure_below=self.model.spec.unsure_below)
        sound = decode(file, rate_hz=self.rate_hz)
        resampled_from_hz = None if sound.source_rate_hz == self.rate_hz else sound.source_rate_hz
        clip = clip_of(
            sound.samples, rate_hz=self.rate_hz, resampled_from_hz=resampled_from_hz, file=str(file)
        )
        return self._whole(clip)

    def timeline(self, file: str | Path, *, progress: Progress | None = None) -> Iterator[Prediction]:
        """Answer stretch by stretch: one for each half window, without gaps.

        A recording no longer than one window gives one answer.

        Args:
            file: its path.
            progress: told how far a long recording is.

        Raises:
            UnsupportedMedia: it cannot be read as sound.
        """
        _require_recording(file)
        info = probe(file)
        if info.duration_s is not None and info.duration_s <= self.window_s:
            yield self.predict_file(file)
            return
        for stretch in timeline(
            self.model,
            blocks(file, rate_hz=self.rate_hz, block_s=self.window_s / 2),
            file=str(file),
            resampled_from_hz=None if info.rate_hz == self.rate_hz else info.rate_hz,
        ):
            yield stretch
            if progress is not None:
                progress(str(file), stretch.end)

    def predict_files(
        self, files: Iterable[str | Path], *, progress: Progress | None = None
    ) -> Iterator[Prediction | Failure]:
        """Answer for many recordings, in the order in which they are given.

        Args:
            files: paths; may be an endless iterator.
            progress: told how far a long recording is.

        Yields:
            A Prediction, or the Failure of a recording that cannot be read.
        """

        def ask(file: str | Path, progress: Progress) -> Prediction | Failure:
            try:
                return self.predict_file(file, progress=progress)
            except UnsupportedMedia as error:
                return Failure(file=str(file), error=error)

        return self._in_order(ask, files, progress)

    def timelines(
        self, files: Iterable[str | Path], *, progress: Progress | None = None
    ) -> Iterator[list[Prediction | Failure]]:
        """The timelines of many recordings, in the order in which they are given.

        Yields:
            The stretches of one recording, or its Failure alone.
        """

        def ask(file: str | Path, progress: Progress) -> list[Prediction | Failure]:
            try:
                return list(self.timeline(file, progress=progress))
            except UnsupportedMedia as error:
                return [Failure(file=str(file), error=error)]

        return self._in_order(ask, files, progress)

    def _whole(self, clip: Clip) -> Prediction:
        scores = self.model.probabilities([clip.samples])[0] if clip.has_speech else None
        return answer(self.model, scores, quality=clip.quality, file=clip.file)

    def _in_order(
        self,
        ask: Callable[[str | Path, Progress], _T],
        files: Iterable[str | Path],
        progress: Progress | None,
    ) -> Iterator[_T]:
        """`ask` about each file on `jobs` threads, a few files ahead."""
        stopped = Event()

        def watched(file: str, seconds: float) -> None:
            if stopped.is_set():  # else Ctrl-C would wait for the end of a long recording
                raise CancelledError
            if progress is not None:
                progress(file, seconds)

        if self.jobs == 1:
            for file in files:
                yield ask(file, watched)
            return
        pool = ThreadPoolExecutor(self.jobs, thread_name_prefix="predict")
        ahead: deque[Future[_T]] = deque()
        try:
            for file in files:
                ahead.append(pool.submit(ask, file, watched))
                if len(ahead) > 2 * self.jobs:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


def predict(
    recording: str | Path | npt.NDArray[Any],
    *,
    model: Model | str | Path | None = None,
    rate: int | None = None,
) -> Prediction:
    """The emotion in one recording.

    Args:
        recording: a file, or mono samples [shape=(samples,)].
        model: a loaded model, or what `load_model` takes; None for the bundled one.
        rate: samples per second, needed for an array and only there.

    Raises:
        UnsupportedMedia: it cannot be read as sound, or an array came without its rate.
        ModelError: the model cannot be loaded, or none is named and none bundled.
    """
    if isinstance(recording, np.ndarray):
        if rate is None:
            raise UnsupportedMedia("an array does not know its rate; say predict(array, rate=16000)")
        return Predictor(model).predict(recording, rate=rate)
    if rate is not None:
        raise UnsupportedMedia("a file knows its own rate; leave rate= away", file=recording)
    return Predictor(model).predict_file(recording)


def _require_recording(file: str | Path) -> None:
    """Say what is wrong with what is plainly no recording."""
    if Path(file).is_dir():
        raise UnsupportedMedia("this folder holds no recordings; name one that does", file=file)
    if Path(file).suffix.lower() in (".npy", ".npz"):
        raise UnsupportedMedia(
            "holds arrays, not sound; give the recording, or in Python predict(array, rate=...)", file=file
        )
