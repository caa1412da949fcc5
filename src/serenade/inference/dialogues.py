"""Predictions for utterances: by models of text, of text and sound, or with dialogue context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module

import numpy as np
import numpy.typing as npt

from serenade.audio.decode import decode
from serenade.audio.sources import Media
from serenade.errors import ModelError, UnsupportedMedia
from serenade.inference.arrays import waveform_of
from serenade.inference.graph import TEXT, Graph, padded_waveforms
from serenade.inference.prediction import Failure, Prediction, Quality
from serenade.inference.segment import Segment, measure
from serenade.inference.sound import Recording, media_of, name_of
from serenade.inference.tokens import Vocabulary, padded
from serenade.inference.utterances import Utterance
from serenade.schema import SchemaError, check

NO_SOUND = Quality(duration_s=0.0, speech_ratio=0.0, level_dbfs=-120.0, clipped=False)
"""The quality of an utterance without a recording."""

SOUND_IGNORED = "the model takes text only, and the recording is ignored"
TEXT_IGNORED = "the model takes sound only, and the text is ignored"

Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Texts to vectors [shape=(texts, width)], an empty text to zeros."""


def group_dialogues(dialogues: Iterable[str]) -> list[list[int]]:
    """The positions of each dialogue's utterances; an utterance whose dialogue is "" is one of its own.

    >>> group_dialogues(["a", "", "b", "a", ""])
    [[0, 3], [1], [2], [4]]
    """
    groups: dict[str | int, list[int]] = {}
    for position, name in enumerate(dialogues):
        groups.setdefault(name or position, []).append(position)
    return list(groups.values())


def number_speakers(speakers: Iterable[str]) -> list[int]:
    """The speakers of one dialogue as numbers, in the order of their first utterances.

    >>> number_speakers(["Ross", "Joey", "Ross"])
    [0, 1, 0]
    """
    numbers: dict[str, int] = {}
    return [numbers.setdefault(speaker, len(numbers)) for speaker in speakers]


def ignored_inputs(graph: Graph, utterances: Iterable[Utterance]) -> list[str]:
    """What the utterances have and the model does not take as input, a sentence each.

    Raises:
        ModelError: nothing is left to predict from.
    """
    takes_sound, takes_text = "waveform" in graph.inputs, bool(graph.inputs & TEXT)
    has_sound = any(utterance.recording is not None for utterance in utterances)
    has_text = any(utterance.text for utterance in utterances)
    if not (takes_sound and has_sound) and not (takes_text and has_text):
        lacking = "a recording" if takes_sound else "a text"
        raise ModelError(f"takes {lacking} as input, and there is none", file=graph.file)
    notes = []
    if has_sound and not takes_sound:
        notes.append(SOUND_IGNORED)
    if has_text and not takes_text:
        notes.append(TEXT_IGNORED)
    return notes


def predict_utterances(graph: Graph, utterances: Sequence[Utterance]) -> Iterator[Prediction | Failure]:
    """Predict for each utterance, in order.

    Args:
        graph: any model.
        utterances: each is predicted alone, unless the model has dialogue context.

    Yields:
        A Prediction, without scores if the utterance has neither text nor speech that the model takes; or the
        Failure of a recording that cannot be decoded, which keeps its place in the dialogue.

    Raises:
        ModelError: there is nothing to predict from, or text vectors that no encoder computes.
        MissingExtra: the model takes vectors of a text encoder, which needs `serenade[text]`.
    """
    ignored_inputs(graph, utterances)
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    if "text_vectors" in graph.inputs:
        texts = sorted({utterance.text for utterance in utterances})
        vectors = dict(zip(texts, _encoder_of(graph)(texts), strict=True))
    vocabulary = Vocabulary(graph.spec.vocabulary)

    def predict(dialogue: Sequence[Utterance]) -> Iterator[Prediction | Failure]:
        segments = [_segment_of(graph, utterance) for utterance in dialogue]
        inputs = _inputs_of(dialogue, segments, vocabulary)
        if vectors:
            inputs["text_vectors"] = np.stack([vectors[utterance.text] for utterance in dialogue])
        scores = graph.run({name: inputs[name] for name in graph.inputs})
        for utterance, segment, row in zip(dialogue, segments, scores, strict=True):
            yield _result(graph, utterance, segment, row)

    has_context = "dialogues" in graph.inputs
    names = [utterance.dialogue if has_context else "" for utterance in utterances]
    group_of = {positions[0]: positions for positions in group_dialogues(names)}
    results: dict[int, Prediction | Failure] = {}
    for position in range(len(utterances)):
        if position in group_of:
            group = group_of[position]
            results |= zip(group, predict([utterances[place] for place in group]), strict=True)
        yield results.pop(position)


def predict_utterance(
    graph: Graph, recording: Recording | None, text: str, *, rate: float | None, track: int | None
) -> Prediction:
    """Predict for one recording, one text, or both; arguments and errors as for `Model.predict`."""
    utterance = Utterance(name=name_of(recording) or "", text=text.strip(), track=track)
    if recording is not None:
        media: Media | Segment | None = media_of(recording, rate=rate)
        if media is None:  # samples: the start, as long as the model was trained on
            front_end = graph.spec.front_end
            samples = waveform_of(recording, rate=rate, rate_hz=front_end.rate_hz)
            media = measure(
                samples[: front_end.max_samples], rate_hz=front_end.rate_hz, source_rate_hz=int(rate or 0)
            )
        utterance = replace(utterance, recording=media)
    ignored = ignored_inputs(graph, [utterance])
    (result,) = predict_utterances(graph, [utterance])
    if isinstance(result, Failure):
        raise result.error
    return result.with_warnings(ignored)


def _encoder_of(graph: Graph) -> Encode:
    """The frozen text encoders of a model of text vectors."""
    try:
        encoders = check(graph.spec.text.get("encoder") or (), tuple[str, ...], key="text.encoder")
        layers = check(graph.spec.text.get("layers") or (), tuple[int, ...], key="text.layers")
    except SchemaError as cause:
        raise ModelError(f"its Spec is damaged ({cause}); export it again", file=graph.file) from cause
    if not encoders or not layers:
        raise ModelError(
            "takes text vectors, and its Spec names no encoder; use a model of tokens",
            file=graph.file,
        )
    # By name: encoders are a layer above, and need PyTorch.
    module = import_module("serenade.encoders.text")

    def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors: npt.NDArray[np.float32] = module.encode_texts(texts, encoders=encoders, layers=layers)
        return vectors

    return encode


def _segment_of(graph: Graph, utterance: Utterance) -> Segment | Failure | None:
    """The sound of an utterance; None if it has none, or the model takes no sound."""
    if utterance.recording is None or "waveform" not in graph.inputs:
        return None
    if isinstance(utterance.recording, Segment):
        return utterance.recording
    front_end = graph.spec.front_end
    try:
        sound = decode(
            utterance.recording,
            rate_hz=front_end.rate_hz,
            duration_s=front_end.max_duration_s,
            track=utterance.track,
        )
    except UnsupportedMedia as error:
        return Failure(file=utterance.name, error=error)
    return measure(
        sound.samples,
        rate_hz=front_end.rate_hz,
        source_rate_hz=sound.source_rate_hz,
        warnings=sound.warnings,
    )


def _inputs_of(
    dialogue: Sequence[Utterance], segments: Sequence[Segment | Failure | None], vocabulary: Vocabulary
) -> dict[str, npt.NDArray[np.generic]]:
    """All inputs of a graph by name; an absent recording or text as in training."""
    sounds = [
        segment if isinstance(segment, Segment) and segment.has_speech else None for segment in segments
    ]
    waveform, lengths = padded_waveforms(
        [np.zeros(1, np.float32) if s is None else s.samples for s in sounds]
    )
    tokens, token_lengths = padded([vocabulary.ids(utterance.text) for utterance in dialogue])
    present = [(s is not None, bool(u.text)) for s, u in zip(sounds, dialogue, strict=True)]
    return {
        "waveform": waveform,
        "lengths": lengths,
        "tokens": tokens,
        "token_lengths": token_lengths,
        "present": np.array(present, bool),
        "dialogues": np.array([len(dialogue)], np.int64),
        "speakers": np.array(number_speakers(utterance.speaker for utterance in dialogue), np.int64),
    }


def _result(
    graph: Graph,
    utterance: Utterance,
    segment: Segment | Failure | None,
    scores: npt.NDArray[np.float64],
) -> Prediction | Failure:
    if isinstance(segment, Failure):
        return segment
    has_input = bool(utterance.text and graph.inputs & TEXT) or (segment is not None and segment.has_speech)
    quality = segment.quality if segment is not None else NO_SOUND
    return graph.prediction(scores if has_input else None, quality=quality, file=utterance.name or None)
