from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serenade.errors import CorpusError
from serenade.features.pickles import load_pickle

# What Python 2.7 wrote for {"0": np.arange(6.0).reshape(2, 3), "dé": [1, 2L, 0.5, True, None, (u"é",)]}.
ARRAY = np.arange(6.0).reshape(2, 3)
ESCAPED = "".join(f"\\x{byte:02x}" for byte in ARRAY.tobytes()).encode()
PYTHON_2_TEXT = (
    b"(dp0\nS'0'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\nS'b'\np5\ntp6\n"
    b"Rp7\n(I1\n(I2\nI3\ntp8\ncnumpy\ndtype\np9\n(S'f8'\np10\nI0\nI1\ntp11\nRp12\n(I3\nS'<'\np13\nNNNI-1\nI-1\n"
    b"I0\ntp14\nbI00\nS'" + ESCAPED + b"'\np15\ntp16\nbsS'd\\xe9'\np17\n(lp18\nI1\naL2L\naF0.5\naI01\naNa"
    b"(V\xe9\np19\ntp20\nas."
)
PYTHON_2_BINARY = (
    b"\x80\x02}q\x01(U\x010cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b\x87R"
    b"(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x04U\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff"
    b"\xffK\x00tb\x89U" + bytes([ARRAY.nbytes]) + ARRAY.tobytes() + b"tb"
    b"U\x02d\xe9](K\x01\x8a\x01\x02G" + struct.pack(">d", 0.5) + b"\x88NX\x02\x00\x00\x00\xc3\xa9\x85eu."
)


@pytest.fixture
def load(tmp_path: Path) -> Callable[[bytes], Any]:
    def loaded(content: bytes) -> Any:
        (tmp_path / "a.pkl").write_bytes(content)
        return load_pickle(tmp_path / "a.pkl")

    return loaded


@pytest.mark.parametrize("content", [PYTHON_2_TEXT, PYTHON_2_BINARY], ids=["protocol 0", "protocol 2"])
def test_pickles_of_python_2(load: Callable[[bytes], Any], content: bytes) -> None:
    loaded = load(content)
    np.testing.assert_array_equal(loaded.pop("0"), ARRAY)
    assert loaded == {"dé": [1, 2, 0.5, True, None, ("é",)]}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">i2"),
        np.array([True, False]),
        np.array(["neutral", "joy"]),
        np.array([b"a", b"bc"]),
        np.zeros((0, 600)),
        np.array(2.5),
        np.arange(10)[::3],
    ],
    ids=["float32", "fortran", "big endian", "bool", "text", "bytes", "empty", "one number", "strided"],
)
def test_arrays_come_back(load: Callable[[bytes], Any], protocol: int, array: np.ndarray) -> None:
    loaded = load(pickle.dumps([array, array[()] if array.ndim == 0 else None], protocol=protocol))[0]
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype.newbyteorder("=")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
        max_leaves=10,
    ),
    st.integers(0, 5),
)
@settings(max_examples=25, deadline=None)
def test_plain_data_comes_back(tmp_path_factory: pytest.TempPathFactory, content: Any, protocol: int) -> None:
    file = tmp_path_factory.getbasetemp() / "plain.pkl"
    file.write_bytes(pickle.dumps(content, protocol=protocol))
    assert load_pickle(file) == content


class Hostile:
    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_is_refused_by_name_and_nothing_runs(
    load: Callable[[bytes], Any], tmp_path: Path, protocol: int
) -> None:
    import os

    mark = tmp_path / "ran"
    content = pickle.dumps({"0": Hostile(os.system, f"touch {mark}")}, protocol=protocol)
    with pytest.raises(
        CorpusError, match=r"a\.pkl: wants to call (posix|os)\.system, .* no code in it was run"
    ):
        load(content)
    assert not mark.exists()
    pickle.loads(content)
    assert mark.exists(), "the test's own pickle does nothing"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"cos\nsystem\n(S'touch ran'\ntR.", "os.system"),
        (b"(S'touch ran'\nios\nsystem\n.", "os.system"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"),
        (b"cnumpy\nload\n(S'ran.npy'\ntR.", "numpy.load"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93\x8c\x03ran\x85R.", "numpy.ndarray.dump"),
        (b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR.", "runstring"),
        (pickle.dumps({1, 2}, protocol=2), "__builtin__.set"),
        (pickle.dumps(Path("x")), "PosixPath"),
        (pickle.dumps(np.random.default_rng(0)), "numpy.random._pickle"),
    ],
)
def test_other_globals_are_refused_by_name(
    load: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=re.escape(named)):
        load(content)
    assert [file.name for file in tmp_path.iterdir()] == ["a.pkl"]


def forged_dtype() -> bytes:
    """Bytes passed off as an array of objects whose type claims to hold none: pointers, to plain NumPy."""
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I1\ntcnumpy\ndtype\n"
        b"(S'O8'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nS'AAAAAAAA'\ntb."
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (forged_dtype(), "has an array of type 'O8'"),
        (pickle.dumps(np.array([1, "a"], dtype=object)), "array of Python objects"),
        (pickle.dumps(np.zeros(2, dtype=[("a", "i4")])), "has an array of type 'V4'"),
        (pickle.dumps({1, 2}), "has a set"),
        (b"cnumpy\nndarray\n.", "has a _Call"),
        (b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR.", "has a bare numpy.dtype"),
        (b"cnumpy\ndtype\n}S'what'\nS'array'\nsb.", "changes a loaded global"),
        (b"Pabc\n.", "external objects"),
        (b"", "not a complete pickle"),
        (b"RIFF....WAVE", "not a complete pickle"),
        (pickle.dumps([np.zeros(9)])[:-40], "not a complete pickle"),
        (b"(lp0\ng0\na.", "not a complete pickle"),  # a list that holds itself
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_one_sentence(load: Callable[[bytes], Any], content: bytes, sentence: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(sentence)):
        load(content)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No such file"):
        load_pickle(tmp_path / "none.pkl")


@given(st.binary(max_size=60), st.integers(0, 5), st.data())
@settings(max_examples=120, deadline=None)
def test_damage_never_shows_as_anything_but_one_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, protocol: int, data: st.DataObject
) -> None:
    whole = pickle.dumps([{"0": np.arange(4.0)}, {"a": "é"}], protocol=protocol)
    at = data.draw(st.integers(0, len(whole)))
    file = tmp_path_factory.getbasetemp() / "damaged.pkl"
    file.write_bytes(whole[:at] + noise + whole[at + len(noise) :])
    with suppress(CorpusError):
        load_pickle(file)


def nested(depth: int) -> bytes:
    """Each list holds the one below ten times: 10 ** depth leaves in a few bytes."""
    out = io.BytesIO()
    below: list[Any] = []
    for _ in range(depth):
        below = [below] * 10
    pickle.dump(below, out)
    return out.getvalue()


def test_shared_lists_are_walked_through_once(load: Callable[[bytes], Any]) -> None:
    assert len(load(nested(40))) == 10
