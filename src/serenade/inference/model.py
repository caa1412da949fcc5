"""The class of loaded models: files, arrays and texts in, predictions out.

Each recording is computed alone, on one thread, so that its prediction is the same to the last bit whatever
else is predicted; `jobs` recordings at a time. `serenade.inference.batch` predicts several together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from serenade.domain import sharpened
from serenade.errors import ModelError
from serenade.inference.adaptation import SpeakerState, logits_of
from serenade.inference.dialogues import (
    TEXT_IGNORED,
    ignored_inputs,
    predict_utterance,
    predict_utterances,
)
from serenade.inference.loaded import LoadedModel
from serenade.inference.many import predict_each, require_several, rows_of_each
from serenade.inference.parallel import Progress
from serenade.inference.prediction import Failure, Prediction
from serenade.inference.sound import Recording, open_sound
from serenade.inference.speakers import Speakers
from serenade.inference.speech_segments import SILENCE_S
from serenade.inference.stream import INTERVAL_S, WINDOW_S, Stream
from serenade.inference.utterances import Utterance
from serenade.inference.windows import Segments, Windows, mean_of, predict_rows


class Model(LoadedModel):
    """A trained model of sound, of text, or of both; see `load_model`.

    Attributes:
        spec: its labels, front end, calibration and origin.
        file: its ONNX file.

    >>> from serenade import load_model
    >>> model = load_model("model.onnx")
    >>> model.spec.labels
    ('anger', 'fear', 'neutral', 'sadness')
    >>> model.predict("call.wav").emotion
    'sadness'
    """

    def predict(
        self,
        recording: Recording | None = None,
        *,
        rate: float | None = None,
        text: str | None = None,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Prediction:
        """Predict the emotion of one recording, one text, or a recording with its text.

        A recording longer than the model's window is predicted window by window, in constant memory; its
        prediction is the mean of its timeline, weighted by speech.

        Args:
            recording: path of a sound or video file, an open binary file, the bytes of a file, or samples
                (NumPy array, PyTorch tensor, list) of shape `(samples,)`, `(samples, channels)` or
                `(channels, samples)`; see `serenade.inference.arrays.waveform_of`.
            rate: samples per second; needed for samples, and only there.
            text: the transcript. An input that the model does not take is ignored, with a warning in
                `quality`.
            track: number of the audio track, from 1; None for the first that is not silent.
            progress: called with the name and the seconds done of a long recording.

        Raises:
            UnsupportedMedia: the recording cannot be decoded as sound.
            ModelError: neither a recording nor a text that the model takes.

        >>> from serenade import load_model
        >>> load_model("model.onnx").predict([0.0] * 16_000, rate=16_000).state
        'no_speech'
        >>> load_model("text.onnx").predict(text="Oh no!").emotion
        'sadness'
        """
        if not self.has_timeline:
            return predict_utterance(self._graph, recording, text or "", rate=rate, track=track)
        if recording is None:
            raise ModelError("takes a recording as input, and there is none", file=self.file)
        rows = self._rows(
            recording, Windows.of_predict(self._graph), rate=rate, track=track, progress=progress
        )
        prediction = mean_of(rows, unsure_below=self.spec.unsure_below)
        return prediction.with_warnings([TEXT_IGNORED] if text else [])

    def timeline(
        self,
        recording: Recording,
        *,
        window_s: float | None = None,
        hop_s: float | None = None,
        segments: Segments = "windows",
        speakers: Speakers | None = None,
        adapt: bool = True,
        rate: float | None = None,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Prediction]:
        """Predict the emotion over time, as the recording is read, without gaps.

        With windows there is one for each hop: the mean of the predictions of all windows that overlap it. A
        recording that is no longer than one window has one prediction. Or one for each segment that speech
        detection finds: it ends at a pause of 0.6 s, where the speaker changes, or at its longest length.

        Args:
            recording: as for `predict`.
            window_s: length of a window in seconds; None for what the model was trained on, or 5. The longest
                segment by speech detection; None for what the model was trained on, or 10.
            hop_s: seconds from one window to the next; None for half a window.
            segments: "windows", or "speech" for segments by speech detection.
            speakers: who speaks when, which predictions name.
            adapt: adapt predictions to each of the speakers as the recording goes on, if the model can.
            rate: as for `predict`.
            track: as for `predict`.
            progress: as for `predict`.

        Raises:
            UnsupportedMedia: the recording cannot be decoded as sound.
            ModelError: the model takes more than sound, or a window or hop is out of range.

        >>> from serenade import load_model
        >>> model = load_model("model.onnx")
        >>> [prediction.start for prediction in model.timeline("long.wav", window_s=4, hop_s=2)]
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        """
        windows = self.windows(window_s=window_s, hop_s=hop_s, segments=segments)
        return self._rows(
            recording, windows, rate=rate, track=track, progress=progress, speakers=speakers, adapt=adapt
        )

    def stream(
        self,
        *,
        rate: int | None = None,
        interval_s: float = INTERVAL_S,
        window_s: float = WINDOW_S,
        silence_s: float = SILENCE_S,
        adapt: bool = False,
    ) -> Stream:
        """Begin to predict sound that arrives in blocks; see `serenade.inference.stream.Stream`.

        Args:
            rate: samples per second of the blocks; None for the model's own.
            interval_s: seconds between two provisional results of an utterance.
            window_s: seconds of sound, at most, that a provisional result is about.
            silence_s: a pause of this length ends an utterance; no utterance is longer than 10 s.
            adapt: all utterances are of one speaker: correct each by those before it.

        Raises:
            ModelError: the model takes more than sound, a value is out of range, or `adapt` without a speaker
                adaptation.
            UnsupportedMedia: an impossible rate.

        >>> from serenade import load_model
        >>> import soundfile
        >>> model = load_model("model.onnx")
        >>> stream = model.stream(rate=16_000)
        >>> events = []
        >>> for block in soundfile.blocks("call.wav", blocksize=1600):
        ...     events += stream.push(block)
        >>> events += stream.finish()
        >>> [event.to_dict()["event"] for event in events]
        ['utterance.start', 'result', 'utterance.end']
        >>> events[-1].prediction.emotion
        'sadness'
        """
        self.windows()  # refuses models of more than sound
        return Stream(
            self._graph,
            rate=self.spec.front_end.rate_hz if rate is None else rate,
            interval_s=interval_s,
            window_s=window_s,
            silence_s=silence_s,
            adapt=adapt,
        )

    def enrol(
        self, clips: Iterable[Recording], *, rate: float | None = None, track: int | None = None
    ) -> Model:
        """Return the same model, its predictions corrected for one speaker by these clips without labels.

        Best are 8 clips or more, of several emotions. `adaptation` of a prediction is the weight of the
        correction; it is 0, and the prediction is not changed, with fewer than 3 clips or with clips that
        differ too little from each other. Each window of a long recording is a clip.

        Args:
            clips: recordings of one speaker, as for `predict`. Those without speech are skipped.
            rate: samples per second, if the clips are arrays.
            track: as for `predict`.

        Raises:
            UnsupportedMedia: a clip cannot be decoded as sound.
            ModelError: the model has no speaker adaptation, or takes no sound.

        >>> from serenade import load_model
        >>> model = load_model("adapted.onnx")
        >>> clips = [f"speaker/{number}.wav" for number in range(8)]
        >>> adapted = model.enrol(clips)
        >>> [loaded.predict(clips[2]).emotion for loaded in (model, adapted)]
        ['neutral', 'anger']
        >>> round(adapted.predict(clips[2]).adaptation, 2)
        0.92
        """
        require_several(clips)
        state = SpeakerState(self.adaptation)
        unadapted = Model(replace(self._graph, speaker=None, labels=None))
        for clip in clips:
            for row in unadapted.segments(clip, rate=rate, track=track):
                if row.scores:
                    scores = [row.scores[label] for label in self.spec.labels]
                    state.add(logits_of(sharpened(scores, row.domain_distance or 0.0)))
        return Model(replace(self._graph, speaker=state.speaker))

    def segments(
        self,
        recording: Recording,
        *,
        rate: float | None = None,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Prediction]:
        """The predictions whose mean `predict` returns: one, or the timeline of a long recording.

        Arguments and errors as for `predict`.
        """
        if not self.has_timeline:
            return iter([self.predict(recording, rate=rate, track=track)])
        windows = Windows.of_predict(self._graph)
        return self._rows(recording, windows, rate=rate, track=track, progress=progress)

    def predict_files(
        self,
        files: Iterable[Recording],
        *,
        jobs: int = 1,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Prediction | Failure]:
        """Predict the emotion of many recordings, in their order.

        Args:
            files: paths, open files or bytes; may be endless.
            jobs: recordings that are computed at the same time, each on one thread.
            track: as for `predict`.
            progress: as for `predict`.

        Yields:
            A Prediction for each recording, or the Failure of one that cannot be decoded.

        Raises:
            ModelError: the model takes no sound.

        >>> from serenade import load_model
        >>> results = load_model("model.onnx").predict_files(["call.wav", "gone.wav"])
        >>> [type(result).__name__ for result in results]
        ['Prediction', 'Failure']
        """
        require_several(files)
        if "waveform" not in self._graph.inputs:
            raise ModelError("takes text only, not recordings", file=self.file)
        return predict_each(
            lambda file, progress: self.predict(file, track=track, progress=progress),
            files,
            jobs=jobs,
            progress=progress,
        )

    def timeline_files(
        self,
        files: Iterable[Recording],
        *,
        window_s: float | None = None,
        hop_s: float | None = None,
        segments: Segments = "windows",
        speakers: Speakers | None = None,
        adapt: bool = True,
        jobs: int = 1,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[list[Prediction | Failure]]:
        """The timelines of many recordings, in their order; arguments as for `timeline` and `predict_files`.

        Yields:
            The predictions of one recording, or its Failure alone.
        """
        windows = self.windows(window_s=window_s, hop_s=hop_s, segments=segments)

        def rows_of(file: Recording, progress: Progress) -> Iterator[Prediction]:
            return self._rows(file, windows, track=track, progress=progress, speakers=speakers, adapt=adapt)

        return rows_of_each(rows_of, files, jobs=jobs, progress=progress)

    def segments_files(
        self,
        files: Iterable[Recording],
        *,
        jobs: int = 1,
        track: int | None = None,
        progress: Progress | None = None,
    ) -> Iterator[list[Prediction | Failure]]:
        """What `segments` returns for many recordings, in their order; arguments as for `predict_files`.

        Yields:
            The predictions of one recording, or its Failure alone.
        """
        return rows_of_each(
            lambda file, progress: self.segments(file, track=track, progress=progress),
            files,
            jobs=jobs,
            progress=progress,
        )

    def predict_utterances(self, utterances: Sequence[Utterance]) -> Iterator[Prediction | Failure]:
        """Predict the emotion of each utterance of dialogues; see `serenade.inference.dialogues`.

        >>> from serenade import load_model
        >>> from serenade.inference.utterances import Utterance
        >>> utterances = [Utterance(name="1", text="Oh no!"), Utterance(name="2", text="Great!")]
        >>> [result.emotion for result in load_model("text.onnx").predict_utterances(utterances)]
        ['sadness', 'neutral']
        """
        return predict_utterances(self._graph, utterances)

    def ignored_inputs(self, utterances: Iterable[Utterance]) -> list[str]:
        """What utterances have and the model does not take as input, a sentence each.

        Raises:
            ModelError: nothing is left to predict from.
        """
        return ignored_inputs(self._graph, utterances)

    def _rows(
        self,
        recording: Recording,
        windows: Windows,
        *,
        rate: float | None = None,
        track: int | None,
        progress: Progress | None,
        speakers: Speakers | None = None,
        adapt: bool = True,
    ) -> Iterator[Prediction]:
        sound = open_sound(
            recording, rate=rate, rate_hz=windows.rate_hz, block_s=windows.block_s, track=track
        )
        return predict_rows(self._graph, sound, windows, progress=progress, speakers=speakers, adapt=adapt)
