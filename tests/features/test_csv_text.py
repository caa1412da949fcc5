from __future__ import annotations

import io
import os

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from serenade.features.csv_text import quoting_of, with_decoded_paths, with_encoded_paths
from serenade.text import decode_path, encode_path

PATHS = st.binary(min_size=1, max_size=40).map(lambda name: os.fsdecode(name.replace(b"\0", b"")))
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@given(
    PATHS | st.text(st.characters(exclude_categories=("Cs",)), max_size=40).map(lambda name: f"file:{name}")
)
def test_every_path_is_read_again(path: str) -> None:
    stored = encode_path(path)
    assert decode_path(stored) == path
    assert stored.isprintable()
    stored.encode("utf-8")


def test_usual_paths_stay_as_they_are() -> None:
    for path in ("/data/a.wav", "C:\\data\\a.wav", "/data/été 🙂/100%25.wav", ""):
        assert encode_path(path) == path


@given(st.lists(st.tuples(PATHS, TEXTS), min_size=1, max_size=4))
def test_every_table_is_read_again(rows: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["file", "text"]).assign(number=1.5)
    stored = with_encoded_paths(table)
    content = stored.to_csv(index=False, lineterminator="\n", quoting=quoting_of(stored)).encode("utf-8")
    again = pd.read_csv(io.BytesIO(content), dtype={"file": str, "text": str}, keep_default_na=False)
    pd.testing.assert_frame_equal(with_decoded_paths(again), table, check_dtype=False)
