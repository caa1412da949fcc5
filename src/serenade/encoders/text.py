"""A frozen encoder of text: what the middle of its layers makes of each text, kept beside the store.

The last layer of an encoder serves what it was trained for; those in the middle tell more of emotion (Jawahar
et al., "What Does BERT Learn about the Structure of Language?", ACL 2019, for other properties of language).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serenade.encoders.bf16 import processor_computes_bf16
from serenade.errors import MissingExtra, ModelError
from serenade.files import hash_of, sha256_of, write_json, write_whole

FORMAT_VERSION = 1
"""Of the kept files; older ones are made again."""

LONGEST_TOKENS = 128
"""What a text has beyond is not read; MELD's longest has 93."""

BATCH_TOKENS = 2048
"""Tokens of a batch, padding among them."""


def encode_texts(
    texts: Sequence[str], *, encoder: str, layers: Sequence[int], folder: str | Path | None = None
) -> NDArray[np.float32]:
    """The mean over the tokens of each text, of every layer asked for, side by side.

    Matrices are multiplied in bf16 where the processor computes in it: in under half the time.

    Args:
        texts: one a row; an empty one gives zeros.
        encoder: folder with `config.json`, `tokenizer.json` and `model.safetensors`, or a name on the
            Hugging Face hub.
        layers: counted from 1; those behind the last one asked for are not computed.
        folder: where the vectors are kept (`text_vectors-<hash>.npy` and `.json`) and found again by the
            next call with the same texts, encoder, layers and arithmetic; None keeps nothing.

    Returns:
        [shape=(texts, layers * width)].

    Raises:
        MissingExtra: transformers is not installed.
        ModelError: there is no such encoder, its weights are a pickle, or it has fewer layers.
        OutputError: the folder cannot be written to.
    """
    transformers = _transformers()
    config = _load(transformers.AutoConfig, encoder)
    _require_layers(layers, config, encoder)
    about = {
        "version": FORMAT_VERSION,
        "encoder": _identity(encoder, config),
        "layers": list(layers),
        "texts": hash_of(list(texts)),
        "arithmetic": "bf16" if processor_computes_bf16() else "fp32",
    }
    kept = None if folder is None else Path(folder) / f"text_vectors-{hash_of(about)[:16]}"
    if kept is not None and (found := _kept(kept, len(texts))) is not None:
        return found
    vectors = _encoded(texts, encoder, layers, transformers)
    if kept is not None:
        with write_whole(kept.with_suffix(".npy"), "wb") as out:
            np.save(out, vectors)
        write_json(kept.with_suffix(".json"), {**about, "from": encoder, "shape": list(vectors.shape)})
    return vectors


def encode_side_by_side(
    texts: Sequence[str],
    *,
    encoders: Sequence[str],
    layers: Sequence[int],
    folder: str | Path | None = None,
) -> NDArray[np.float32]:
    """What several encoders make of each text, one after another [shape=(texts, encoders * layers * width)].

    Args:
        texts: one a row.
        encoders: folders or names.
        layers: of each.
        folder: where the vectors are kept, an encoder a file; None keeps nothing.

    Raises:
        MissingExtra, ModelError, OutputError: see `encode_texts`.
    """
    found = [encode_texts(texts, encoder=name, layers=layers, folder=folder) for name in encoders]
    return np.concatenate(found, axis=1)


def load_encoder(encoder: str, *, layers: int) -> Any:
    """The torch module of an encoder, up to a layer, in evaluation mode.

    Raises:
        MissingExtra, ModelError: see `encode_texts`.
    """
    import torch

    transformers = _transformers()
    config = _load(transformers.AutoConfig, encoder)
    _require_layers([layers], config, encoder)
    config.num_hidden_layers = layers
    if hasattr(config, "attention_probs_dropout_prob"):
        # A random number for each pair of pieces would be a fifth of a training step.
        config.attention_probs_dropout_prob = 0.0
    model = _load(
        transformers.AutoModel, encoder, config=config, dtype=torch.float32, use_safetensors=True
    ).eval()
    # It stands behind the last layer of all, and nobody asks it.
    if hasattr(model, "pooler"):
        model.pooler = None
    return model


class SubwordTokenizer:
    """Texts as the numbers of an encoder's own tokenizer.

    Args:
        encoder: as `encode_texts` takes it.

    Raises:
        MissingExtra, ModelError: see `encode_texts`.
    """

    def __init__(self, encoder: str) -> None:
        self._tokenizer = _load(_transformers().AutoTokenizer, encoder)

    def ids(self, text: str) -> list[int]:
        """The pieces of a text between the marks of its start and end, at most `LONGEST_TOKENS`."""
        pieces: list[int] = self._tokenizer(text, truncation=True, max_length=LONGEST_TOKENS)["input_ids"]
        return pieces


def _require_layers(layers: Sequence[int], config: Any, encoder: str) -> None:
    if not layers or min(layers) < 1 or max(layers) > config.num_hidden_layers:
        raise ModelError(
            f"layers {list(layers)} of the encoder are asked for, and it has 1 to {config.num_hidden_layers}",
            file=encoder,
        )


def _transformers() -> Any:
    try:
        import torch  # noqa: F401
        import transformers
    except ModuleNotFoundError as cause:
        raise MissingExtra(f'a text encoder needs {cause.name}: pip install "serenade[text]"') from cause
    # Weights of the layers left away are reported as if something were wrong.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def _load(loader: Any, encoder: str, **options: Any) -> Any:
    """What one of transformers' classes loads, or one sentence why it does not."""
    # A folder is asked no server; its name could be somebody's on the hub.
    options["local_files_only"] = os.path.isdir(encoder)
    try:
        return loader.from_pretrained(encoder, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError) as cause:
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise ModelError(
            "is no text encoder that can be loaded (a folder with config.json, tokenizer.json and "
            f"model.safetensors, or a name on the Hugging Face hub): {reason}",
            file=encoder,
        ) from cause


def _identity(encoder: str, config: Any) -> Mapping[str, str]:
    """What tells an encoder from others: the bytes of a folder's files, a name's commit."""
    folder = Path(encoder)
    if not folder.is_dir():
        return {"name": encoder, "commit": str(getattr(config, "_commit_hash", None))}
    files = [folder / "config.json", *sorted(folder.glob("*token*")), *sorted(folder.glob("*.safetensors"))]
    return {file.name: sha256_of(file) for file in files}


def _kept(kept: Path, n_texts: int) -> NDArray[np.float32] | None:
    """Vectors of an earlier call; None where they are not, or not whole."""
    if not kept.with_suffix(".json").is_file():
        return None
    try:
        vectors = np.load(kept.with_suffix(".npy"), allow_pickle=False)
    except (OSError, ValueError):
        return None
    return np.asarray(vectors, np.float32) if len(vectors) == n_texts else None


def _encoded(
    texts: Sequence[str], encoder: str, layers: Sequence[int], transformers: Any
) -> NDArray[np.float32]:
    import torch

    tokenizer = _load(transformers.AutoTokenizer, encoder)
    model = load_encoder(encoder, layers=max(layers))
    vectors = np.zeros((len(texts), len(layers) * model.config.hidden_size), np.float32)
    spoken = [row for row, text in enumerate(texts) if text.strip()]
    if not spoken:
        return vectors
    read = tokenizer(
        [texts[row] for row in spoken],
        truncation=True,
        max_length=LONGEST_TOKENS,
        return_special_tokens_mask=True,
    )
    ids = [torch.tensor(tokens) for tokens in read["input_ids"]]
    words = [1 - torch.tensor(special) for special in read["special_tokens_mask"]]
    pad = torch.nn.utils.rnn.pad_sequence
    bf16 = torch.autocast("cpu", torch.bfloat16, enabled=processor_computes_bf16())
    with torch.inference_mode(), bf16:
        for batch in _batches([len(text) for text in ids]):
            states = model(
                input_ids=pad([ids[k] for k in batch], True, float(tokenizer.pad_token_id)),
                attention_mask=pad([torch.ones_like(ids[k]) for k in batch], True),
                output_hidden_states=True,
            ).hidden_states
            # The marks of start and end are no words. A text of signs unknown to the tokenizer has some.
            inside = pad([words[k] for k in batch], True)[..., None].float()
            n_words = inside.sum(1).clamp(min=1)
            means = [(states[layer].float() * inside).sum(1) / n_words for layer in layers]
            vectors[[spoken[k] for k in batch]] = torch.cat(means, dim=1).numpy()
    return vectors


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, as many at a time as `BATCH_TOKENS` allows.

    >>> list(_batches([1000, 3, 900, 2]))
    [[3, 1], [2, 0]]
    """
    batch: list[int] = []
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[place] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
