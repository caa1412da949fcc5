"""Dialogues in, an answer for each utterance out: for models that read, or that know who said what before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from serenade.audio.decode import decode
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.clip import Clip, clip_of
from serenade.inference.model import Model
from serenade.inference.prediction import Failure, Prediction, Quality
from serenade.inference.timeline import answer
from serenade.inference.tokens import Vocabulary, padded
from serenade.inference.utterances import Utterance, dialogues_of, speakers_of

NO_SOUND = Quality(duration_s=0.0, speech_ratio=0.0, level_dbfs=-120.0, clipped=False)
"""What is told of the recording of a text that has none."""

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Texts to their vectors [shape=(texts, width)], an empty text to zeros."""


class Conversation:
    """Asks one model about utterances, dialogue by dialogue.

    Args:
        model: a loaded model.
        encode: what the vectors of texts come from, for a model that reads such.

    Raises:
        ModelError: it takes what cannot be made here.
    """

    def __init__(self, model: Model, *, encode: Encode | None = None) -> None:
        self.reads = frozenset({"tokens", "text_vectors"}) & model.takes
        if "text_vectors" in self.reads and encode is None:
            raise ModelError(
                "reads vectors of texts that do not come from an encoder; use one that reads words",
                file=model.file,
            )
        self.model, self.encode = model, encode
        self.vocabulary = Vocabulary(model.spec.vocabulary)
        self._vectors: dict[str, npt.NDArray[np.float32]] = {}

    def left_aside(self, utterances: Sequence[Utterance]) -> list[str]:
        """What the utterances have and the model does not take, a sentence each.

        Raises:
            ModelError: that leaves nothing at all.
        """
        listens, reads = "waveform" in self.model.takes, bool(self.reads)
        if not any((listens and one.file) or (reads and one.text) for one in utterances):
            kind = "listens, and there is no recording" if listens else "reads, and there is no text"
            raise ModelError(f"{kind}; give one, see serenade predict --help", file=self.model.file)
        notes = []
        if not listens and any(one.file for one in utterances):
            notes.append("the model reads alone: the recordings are not listened to")
        if not reads and any(one.text for one in utterances):
            notes.append("the model listens alone: the texts are not read")
        return notes

    def predict(self, utterances: Iterable[Utterance]) -> Iterator[Prediction | Failure]:
        """Answer for each utterance, in order.

        Yields:
            A Prediction, without scores where the model has nothing to go by; or the Failure of a recording
            that cannot be read, which keeps its place in the dialogue.
        """
        utterances = list(utterances)
        if self.encode is not None and "text_vectors" in self.reads:
            texts = sorted({utterance.text for utterance in utterances})
            self._vectors = dict(zip(texts, self.encode(texts), strict=True))
        for dialogue in dialogues_of(utterances):
            together = "dialogues" in self.model.takes
            for part in [dialogue] if together else [[utterance] for utterance in dialogue]:
                yield from self._together(part)

    def _together(self, dialogue: Sequence[Utterance]) -> Iterator[Prediction | Failure]:
        clips = [self._heard(utterance) for utterance in dialogue]
        sounds = [clip if isinstance(clip, Clip) and clip.has_speech else None for clip in clips]
        scores = self.model.run(self._inputs(dialogue, sounds))
        for utterance, clip, sound, row in zip(dialogue, clips, sounds, scores, strict=True):
            if isinstance(clip, Failure):
                yield clip
                continue
            read = bool(utterance.text) and bool(self.reads)
            quality = clip.quality if clip else NO_SOUND
            known = read or sound is not None
            yield answer(self.model, row if known else None, quality=quality, file=utterance.name)

    def _heard(self, utterance: Utterance) -> Clip | Failure | None:
        """The sound of an utterance; None where there is none, or the model does not listen."""
        if utterance.file is None or "waveform" not in self.model.takes:
            return None
        rate_hz = self.model.spec.front_end.rate_hz
        try:
            sound = decode(
                utterance.file, rate_hz=rate_hz, duration_s=self.model.spec.front_end.max_duration_s
            )
        except UnsupportedMedia as error:
            return Failure(file=utterance.name, error=error)
        resampled = None if sound.source_rate_hz == rate_hz else sound.source_rate_hz
        return clip_of(sound.samples, rate_hz=rate_hz, resampled_from_hz=resampled, file=utterance.name)

    def _inputs(
        self, dialogue: Sequence[Utterance], sounds: Sequence[Clip | None]
    ) -> dict[str, npt.NDArray[np.generic]]:
        """What the graph takes, by name; an absent modality as in training."""
        samples = [np.zeros(1, np.float32) if clip is None else clip.samples for clip in sounds]
        lengths = np.array([len(sound) for sound in samples], np.int64)
        waveform = np.zeros((len(samples), int(lengths.max())), np.float32)
        for row, sound in zip(waveform, samples, strict=True):
            row[: len(sound)] = sound
        tokens, token_lengths = padded([self.vocabulary.ids(utterance.text) for utterance in dialogue])
        present = [
            (clip is not None, bool(utterance.text)) for clip, utterance in zip(sounds, dialogue, strict=True)
        ]
        whole: dict[str, npt.NDArray[np.generic]] = {
            "waveform": waveform,
            "lengths": lengths,
            "tokens": tokens,
            "token_lengths": token_lengths,
            "present": np.array(present, bool),
            "dialogues": np.array([len(dialogue)], np.int64),
            "speakers": np.array(speakers_of(dialogue), np.int64),
        }
        if self._vectors:
            whole["text_vectors"] = np.stack([self._vectors[utterance.text] for utterance in dialogue])
        return {name: whole[name] for name in self.model.takes}
