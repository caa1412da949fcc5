"""The inputs of a network for the rows of a store: log-mels, tokens, text vectors, and which are present."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from serenade.audio.logmel import normalize
from serenade.encoders.text import SubwordTokenizer
from serenade.features.encoder_statistics import encoder_statistics
from serenade.features.store import Store
from serenade.features.text_vectors import text_vectors, texts_of
from serenade.inference.tokens import UNKNOWN, Vocabulary, padded
from serenade.networks.architectures.encoder import EncoderNetwork
from serenade.networks.registry import SOUND, Network
from serenade.spec import Spec


class Inputs:
    """The rows of a store as inputs of a network (see `serenade.networks.registry.Network`).

    A row without sound (missing, silent, unreadable) or without text has zeros of length 1, one unknown token
    or a vector of zeros, and False in `present`.

    Args:
        store: where the rows are.
        kind: "sound", "text" or "both".
        vocabulary: for a network of tokens; a subword tokenizer for one that fine-tunes an encoder.
        vectors: text vectors of every row of the store [shape=(rows, width)].
        pretrained: the encoder that a network fine-tunes; see the network `text_encoder`.
        speakers: whether the speaker's name precedes the text.
        takes: names of the inputs of the network.

    Attributes:
        has_sound: whether there is sound [shape=(rows,)].
        has_text: whether there is text [shape=(rows,)].
        statistics: of a frozen speech encoder, for a network that takes them [shape=(rows, width)].

    Raises:
        CorpusError: `kind` needs text and the store has none.
    """

    def __init__(
        self,
        store: Store,
        *,
        kind: str = "sound",
        vocabulary: Vocabulary | SubwordTokenizer | None = None,
        vectors: NDArray[np.float32] | None = None,
        pretrained: Mapping[str, Any] | None = None,
        speakers: bool = False,
        takes: Set[str] = SOUND,
    ) -> None:
        self.store, self.kind, self.takes = store, kind, takes
        self.vocabulary, self.vectors, self.pretrained = vocabulary, vectors, pretrained
        self.frames = store.index["frames"].to_numpy(np.int64)
        self.has_sound = (store.index["state"] == "ok").to_numpy() & (kind != "text")
        self.has_text = np.zeros(len(self.frames), bool)
        self.statistics = np.zeros((len(self.frames), 0), np.float32)
        if kind != "sound":
            texts = texts_of(store)
            self.has_text = (texts != "").astype(bool)
            if vocabulary is not None:
                texts = texts_of(store, speakers=speakers)
                self.ids = [vocabulary.ids(text) for text in texts]

    @classmethod
    def of_spec(cls, store: Store, spec: Spec, *, takes: Set[str]) -> Self:
        """The inputs of a trained model."""
        if spec.text:
            return cls.of_encoders(store, spec.text, kind=spec.inputs, takes=takes)
        vocabulary = Vocabulary(spec.vocabulary) if spec.vocabulary else None
        return cls(store, kind=spec.inputs, vocabulary=vocabulary, takes=takes)

    @classmethod
    def of_encoders(
        cls, store: Store, text: Mapping[str, Any], *, kind: str, takes: Set[str] = SOUND
    ) -> Self:
        """The inputs of a network with pretrained text encoders, frozen or fine-tuned.

        Args:
            store: where the rows are.
            text: the section `[text]` of a recipe.
            kind: "text" or "both".
            takes: names of the inputs of the network.
        """
        encoders, layers = text["encoder"], text["layers"]
        if not text["trainable_layers"]:
            vectors = text_vectors(store, encoders=encoders, layers=layers)
            return cls(store, kind=kind, vectors=vectors, takes=takes)
        # Of several encoders or layers, another member of an ensemble takes the frozen vectors.
        frozen_too = (len(encoders), len(layers)) != (1, 1)
        return cls(
            store,
            kind=kind,
            vocabulary=SubwordTokenizer(encoders[-1]),
            vectors=text_vectors(store, encoders=encoders, layers=layers) if frozen_too else None,
            pretrained={
                "encoder": encoders[-1],
                "layers": layers[-1],
                "trained": text["trainable_layers"],
            },
            speakers=text["prepend_speaker"],
            takes=takes,
        )

    def attach(self, network: Network) -> None:
        """Provide what a network takes; statistics of a frozen speech encoder are computed if need be.

        Args:
            network: the network.
        """
        self.takes = network.takes
        if isinstance(network, EncoderNetwork):
            self.statistics = encoder_statistics(self.store, network.encoder)

    def drop_modality(self, modality: str) -> None:
        """Mark the sound, or the text, of every row as absent."""
        if modality == "sound":
            self.has_sound[:] = False
        else:
            self.has_text[:] = False

    @property
    def sizes(self) -> dict[str, Any]:
        """Sizes that a network needs: some of `serenade.networks.registry.SIZES`."""
        sizes: dict[str, Any] = {} if self.kind == "text" else {"n_mels": self.store.front_end.n_mels}
        if self.pretrained is not None:
            sizes["pretrained"] = self.pretrained
        elif isinstance(self.vocabulary, Vocabulary):
            sizes["vocabulary"] = len(self.vocabulary)
        if self.vectors is not None:
            sizes["text_width"] = self.vectors.shape[1]
        return sizes

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each row has sound, and whether it has text [shape=(rows, 2)]."""
        return np.stack([self.has_sound, self.has_text], axis=1)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each row: frames, or tokens if there are no frames [shape=(rows,)]."""
        if "features" in self.takes:
            return self.frames
        if "tokens" in self.takes:
            return np.array([len(ids) for ids in self.ids], np.int64)
        return np.ones(len(self.frames), np.int64)

    def tensors(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        """The inputs of some rows by name, padded to the longest."""
        inputs: dict[str, Tensor] = {}
        if "features" in self.takes:
            inputs |= self._sound(rows)
        if "tokens" in self.takes:
            ids = [self.ids[row] if self.has_text[row] else [UNKNOWN] for row in rows]
            tokens, lengths = padded(ids)
            inputs |= {"tokens": torch.from_numpy(tokens), "token_lengths": torch.from_numpy(lengths)}
        if "text_vectors" in self.takes and self.vectors is not None:
            vectors = np.where(self.has_text[rows, None], self.vectors[rows], np.float32(0))
            inputs["text_vectors"] = torch.from_numpy(vectors)
        if "statistics" in self.takes:
            inputs["statistics"] = torch.from_numpy(np.array(self.statistics[rows]))
        if "present" in self.takes:
            inputs["present"] = torch.from_numpy(self.present[rows])
        return inputs

    def _sound(self, rows: NDArray[np.int64]) -> dict[str, Tensor]:
        lengths = np.where(self.has_sound[rows], self.frames[rows], 1)
        features = np.zeros((len(rows), self.store.front_end.n_mels, int(lengths.max())), np.float32)
        for place, row in enumerate(rows):
            if self.has_sound[row]:
                clip = normalize(self.store.features(int(row)), self.store.front_end)
                features[place, :, : len(clip)] = clip.T
        return {"features": torch.from_numpy(features), "lengths": torch.from_numpy(lengths)}
