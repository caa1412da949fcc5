"""Pretrained text encoders: their subword tokens, their layers, and vectors of texts, cached in a folder.

The last layer of an encoder is specialised in its training task; middle layers have more information on
emotion (Jawahar et al., "What Does BERT Learn about the Structure of Language?", ACL 2019, for other
properties of language).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.encoders.bf16 import processor_computes_bf16
from serenade.encoders.loading import identity_of, import_transformers, load_pretrained, require_layers
from serenade.files import hash_of, write_json, write_whole

FORMAT_VERSION = 1
"""Of the cached files; files of another version are computed again."""

MAX_TOKENS = 128
"""Longer texts are cut; the longest in MELD has 93 tokens."""

BATCH_TOKENS = 2048
"""Tokens of a batch, padding included."""


def encode_texts(
    texts: Sequence[str],
    *,
    encoders: Sequence[str],
    layers: Sequence[int],
    folder: str | Path | None = None,
) -> NDArray[np.float32]:
    """Vectors of texts: the mean over the tokens, of every requested layer of every encoder, concatenated.

    Matrices are multiplied in bf16 where the processor computes in it, which takes less than half the time.

    Args:
        texts: one for each row; the vector of an empty text is zero.
        encoders: folders with `config.json`, `tokenizer.json` and `model.safetensors`, or names on the
            Hugging Face hub.
        layers: of each encoder, from 1; layers after the last requested one are not computed.
        folder: where vectors are cached (`text_vectors-<hash>.npy` and `.json`, for each encoder), by texts,
            encoder, layers and arithmetic; None caches nothing.

    Returns:
        [shape=(texts, encoders * layers * width)].

    Raises:
        MissingExtra: transformers is not installed.
        ModelError: there is no such encoder, its weights are a pickle, or it has fewer layers.
        OutputError: the folder cannot be written to.
    """
    return np.concatenate([_cached_vectors(texts, name, layers, folder) for name in encoders], axis=1)


def load_encoder(encoder: str, *, layers: int) -> Any:
    """The torch module of an encoder with its first layers, in evaluation mode.

    Args:
        encoder: a folder or a name.
        layers: number of layers that are kept.

    Raises:
        MissingExtra, ModelError: see `encode_texts`.
    """
    transformers = import_transformers()
    import torch

    config = load_pretrained(transformers.AutoConfig, encoder)
    require_layers([layers], config, encoder)
    config.num_hidden_layers = layers
    if hasattr(config, "attention_probs_dropout_prob"):
        # Dropout on attention weights would take a fifth of a training step.
        config.attention_probs_dropout_prob = 0.0
    model = load_pretrained(
        transformers.AutoModel, encoder, config=config, dtype=torch.float32, use_safetensors=True
    ).eval()
    # The pooler follows the last layer, and is not used.
    if hasattr(model, "pooler"):
        model.pooler = None
    return model


class SubwordTokenizer:
    """The subword tokens of an encoder.

    Args:
        encoder: a folder or a name.

    Raises:
        MissingExtra, ModelError: see `encode_texts`.
    """

    def __init__(self, encoder: str) -> None:
        self._tokenizer = load_pretrained(import_transformers().AutoTokenizer, encoder)

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, start and end tokens included, at most `MAX_TOKENS`."""
        ids: list[int] = self._tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        return ids


def _cached_vectors(
    texts: Sequence[str], encoder: str, layers: Sequence[int], folder: str | Path | None
) -> NDArray[np.float32]:
    """Vectors of one encoder [shape=(texts, layers * width)], from the cache or computed."""
    config = load_pretrained(import_transformers().AutoConfig, encoder)
    require_layers(layers, config, encoder)
    if folder is None:
        return _vectors(texts, encoder, layers)
    key = {
        "version": FORMAT_VERSION,
        "encoder": identity_of(encoder, config),
        "layers": list(layers),
        "texts": hash_of(list(texts)),
        "arithmetic": "bf16" if processor_computes_bf16() else "fp32",
    }
    file = Path(folder) / f"text_vectors-{hash_of(key)[:16]}"
    cached = _read_cache(file, len(texts))
    if cached is not None:
        return cached
    vectors = _vectors(texts, encoder, layers)
    with write_whole(file.with_suffix(".npy"), "wb") as out:
        np.save(out, vectors)
    write_json(file.with_suffix(".json"), {**key, "from": encoder, "shape": list(vectors.shape)})
    return vectors


def _read_cache(file: Path, n_texts: int) -> NDArray[np.float32] | None:
    """Cached vectors; None where there are none, or a damaged file."""
    if not file.with_suffix(".json").is_file():
        return None
    try:
        vectors = np.load(file.with_suffix(".npy"), allow_pickle=False)
    except (OSError, ValueError):
        return None
    return np.asarray(vectors, np.float32) if len(vectors) == n_texts else None


def _vectors(texts: Sequence[str], encoder: str, layers: Sequence[int]) -> NDArray[np.float32]:
    """Vectors of one encoder [shape=(texts, layers * width)]."""
    import torch

    tokenizer = load_pretrained(import_transformers().AutoTokenizer, encoder)
    model = load_encoder(encoder, layers=max(layers))
    vectors = np.zeros((len(texts), len(layers) * model.config.hidden_size), np.float32)
    rows = [row for row, text in enumerate(texts) if text.strip()]
    if not rows:
        return vectors
    tokenized = tokenizer(
        [texts[row] for row in rows],
        truncation=True,
        max_length=MAX_TOKENS,
        return_special_tokens_mask=True,
    )
    ids = [torch.tensor(tokens) for tokens in tokenized["input_ids"]]
    counted = [1 - torch.tensor(special) for special in tokenized["special_tokens_mask"]]
    pad = torch.nn.utils.rnn.pad_sequence
    bf16 = torch.autocast("cpu", torch.bfloat16, enabled=processor_computes_bf16())
    with torch.inference_mode(), bf16:
        for batch in _batches([len(text) for text in ids]):
            states = model(
                input_ids=pad([ids[k] for k in batch], True, float(tokenizer.pad_token_id)),
                attention_mask=pad([torch.ones_like(ids[k]) for k in batch], True),
                output_hidden_states=True,
            ).hidden_states
            # Start and end tokens are not counted; a text may have no other ones.
            mask = pad([counted[k] for k in batch], True)[..., None].float()
            n_tokens = mask.sum(1).clamp(min=1)
            means = [(states[layer].float() * mask).sum(1) / n_tokens for layer in layers]
            vectors[[rows[k] for k in batch]] = torch.cat(means, dim=1).numpy()
    return vectors


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts of similar length, as many at a time as `BATCH_TOKENS` allows.

    >>> list(_batches([1000, 3, 900, 2]))
    [[3, 1], [2, 0]]
    """
    batch: list[int] = []
    for position in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[position] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch
