"""nEMO."""

from __future__ import annotations

import pytest

from serenade.corpora import read_corpus
from serenade.errors import CorpusError


@pytest.fixture
def nemo(write, tmp_path):
    recordings = ("WR0_surprised_64", "EB0_anger_1", "XY9_fear_2")
    return write(
        tmp_path,
        {f"samples/{name}.opus": "" for name in recordings}
        | {
            "data.tsv": "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
            'WR0_surprised_64.wav\tsurprised\t"Ucho\tucho\t        WR0\tmale\t23\n'
            "EB0_anger_1.wav\tanger\tLubię\tlubię\t        EB0\tfemale\t27\n"
            "EB0_anger_2.wav\tanger\tLubię\tlubię\t        EB0\tfemale\t27\n"
        },
    )


@pytest.mark.parametrize("below", [".", "samples"])
def test_clips_are_found_in_the_table_by_stem(nemo, below):
    table = read_corpus(nemo / below)
    assert table["speaker"].tolist() == ["EB0", "WR0", "XY9"]
    assert table["sex"].tolist() == ["female", "male", ""]
    assert table["text"].tolist() == ["Lubię", '"Ucho', ""]
    assert table["emotion"].tolist() == ["anger", "surprise", "fear"]
    assert "1 of 3 rows of data.tsv without a file: skipped" in table.attrs["notes"]
    assert "1 clip without a row in data.tsv: read by file name" in table.attrs["notes"]


def test_without_or_with_a_wrong_table(nemo):
    (nemo / "data.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(CorpusError, match="lacks the columns file_id, emotion"):
        read_corpus(nemo, "nemo")
    (nemo / "data.tsv").unlink()
    assert "data.tsv was not found" in read_corpus(nemo, "nemo").attrs["notes"][0]
    with pytest.raises(CorpusError, match=r"contains no data\.tsv"):
        read_corpus(nemo, "nemo", metadata=nemo)
