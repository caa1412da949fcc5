"""Old pickles of arrays become safetensors, which hold nothing that could run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from serenade.errors import CorpusError
from serenade.features.pickles import load_pickle
from serenade.files import protect_inputs, sha256_of, write_whole

_PARTS = ("train", "dev", "test")
_KINDS = "biuf"


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What was written: the file, how many arrays and texts it holds, and the bytes of the arrays."""

    path: Path
    arrays: int
    texts: int
    size: int

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON-able values."""
        return dict(vars(self)) | {"path": str(self.path)}

    def __str__(self) -> str:
        texts = f" and {self.texts:,} texts" if self.texts else ""
        return f"{self.arrays:,} arrays{texts}, {self.size / 1e6:,.1f} MB in {self.path}"


def convert_pickle(file: str | Path, out: str | Path) -> Converted:
    """Write the arrays and numbers of a pickle as safetensors.

    A tensor is named by the keys that lead to it and the pickle's own name: `train/0/text_emotion`. A list
    of three dicts is MELD's, train, dev and test; other lists count from 0. Text, which safetensors cannot
    hold, is in the metadata under `serenade`, as JSON, with the pickle's name and SHA-256.

    Raises:
        CorpusError: see `load_pickle`; or nothing in it is an array, or two things have one name.
        OutputError: `out` cannot be written to, or is the pickle.
    """
    file, out = Path(file), Path(out)
    protect_inputs([out], [file])
    content = load_pickle(file)
    if isinstance(content, list) and len(content) == 3 and all(isinstance(part, dict) for part in content):
        content = dict(zip(_PARTS, content, strict=True))
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    texts: dict[str, Any] = {}
    for name, leaf in _leaves(content, (file.stem,)):
        if name in arrays or name in texts:
            raise CorpusError(f"holds two things that would be called {name!r}", file=file)
        value = np.asarray(leaf)
        if value.dtype.kind in _KINDS:
            arrays[name] = np.ascontiguousarray(value)
        else:
            texts[name] = _text(value.tolist())
    if not arrays:
        raise CorpusError("holds no array of numbers; there is nothing to convert", file=file)
    about = {"source": file.name, "sha256": sha256_of(file), "texts": texts}
    with write_whole(out, "wb") as target:
        target.write(safetensors.numpy.save(arrays, {"serenade": json.dumps(about, ensure_ascii=False)}))
    size = sum(array.nbytes for array in arrays.values())
    return Converted(path=out, arrays=len(arrays), texts=len(texts), size=size)


def _leaves(content: Any, stem: tuple[str, ...], path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    if isinstance(content, dict):
        inner = [(str(_text(key)), value) for key, value in content.items()]
    elif isinstance(content, (list, tuple)):
        inner = [(str(number), value) for number, value in enumerate(content)]
    else:
        return [("/".join((*path, *stem)), "" if content is None else content)]
    return [leaf for key, value in inner for leaf in _leaves(value, stem, (*path, key))]


def _text(value: Any) -> Any:
    """Bytes as text, complex numbers as they are written; lists of them too."""
    if isinstance(value, list):
        return [_text(one) for one in value]
    if isinstance(value, (bytes, bytearray)):
        return value.decode("latin1")
    return str(value)
