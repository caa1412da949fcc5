"""Mutated manifests: a table or one sentence, never another error."""

from __future__ import annotations

import numpy as np
import pytest

from serenade.corpora import check_corpus, read_corpus
from serenade.errors import SerenadeError

HEAD = "file,emotion,speaker,sex,start,end,split,corpus,text\n"
ROWS = [f"{n}.wav,{('joy', 'fear')[n % 2]},{n % 3:02},f,0.{n},1.{n},train,x,hello {n}\n" for n in range(6)]
PARTS = [
    '"',
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x00",
    "\x1b",
    "\u2028",
    "\ufeff",
    "\u200b",
    "é",
    "\\",
    "..",
    "/",
]
PARTS += ["file:", "%00", "\\xe9", "NA", "1e999", "-1", "0:00:01,5", "x" * 300, "=1+1", "$a$", "𝄞", HEAD]


def mutated(rng: np.random.Generator) -> bytes:
    data = bytearray((HEAD + "".join(ROWS)).encode())
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(data)))
        match rng.integers(5):
            case 0:
                data[place : place + int(rng.integers(1, 8))] = b""
            case 1:
                data[place] = int(rng.integers(256))
            case 2 | 3:
                data[place:place] = PARTS[rng.integers(len(PARTS))].encode()
            case 4:
                data[place:] = data[: int(rng.integers(len(data)))]
    return bytes(data) if data else b"x"


@pytest.mark.parametrize("seed", range(8))
def test_any_mutation_is_read_or_refused_in_one_sentence(tmp_path, seed):
    rng = np.random.default_rng(seed)
    file = tmp_path / "m.csv"
    read, refusals = 0, []
    for _ in range(25):
        file.write_bytes(mutated(rng))
        try:
            table = read_corpus(file)
        except SerenadeError as error:
            refusals.append(error)
        else:
            read += 1
            assert not any("\n" in name for name in table["emotion"] + table["speaker"] + table["file"])
            # Without recordings every file is missing; what is in the table is named whole.
            check = check_corpus(table, jobs=1)
            assert check.usable == 0
    assert read
    # The message names the manifest, or a recording in it whose label is wrong.
    assert all(error.file and error.file.startswith(str(tmp_path)) for error in refusals)
    assert not any("\n" in error.message for error in refusals)
