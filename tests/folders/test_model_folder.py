from __future__ import annotations

from pathlib import Path

import pytest

from serenade.errors import ModelError
from serenade.folders import CorpusClips, ModelFolder, TrainedOn
from serenade.folders.trained_on import short_hash

CONTENT = TrainedOn(
    train={"toy": CorpusClips(speakers=("01", "02"), sources=(short_hash("a"),), sounds=(short_hash("0"),))},
    dev={"toy": CorpusClips(speakers=("03",), sources=(short_hash("b"),), sounds=(short_hash("1"),))},
)


def test_what_it_was_trained_on_reads_back(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    assert folder.read_trained_on() is None
    folder.write_trained_on(CONTENT)
    found = folder.read_trained_on()
    assert found == CONTENT
    assert found.speakers("toy") == {"01", "02", "03"}
    assert found.sources("toy") == {short_hash("a"), short_hash("b")}
    assert found.speakers("another") == set()
    assert found.sounds == {short_hash("0"), short_hash("1")}


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"train": 3}', '{"train": {"toy": {"speakers": [1]}}}', '{"version": 2}'],
)
def test_a_damaged_list_is_reported(tmp_path: Path, content: str) -> None:
    folder = ModelFolder(tmp_path)
    folder.trained_on.write_text(content)
    with pytest.raises(ModelError, match=r"trained_on\.json"):
        folder.read_trained_on()
