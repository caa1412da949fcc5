from __future__ import annotations

import json

import pytest

from serenade.errors import OutputError, UnsupportedMedia
from serenade.inference.prediction import Failure, ModelName, Prediction, Quality
from serenade.output.resumable import Part
from serenade.output.writers import write

LABELS = ("anger", "neutral")
BEGUN = {"model": "abc", "timeline": True}


def recording(file, stretches=2):
    quality = Quality(duration_s=1.0, speech_ratio=1.0, level_dbfs=-20.0, clipped=False)
    model = ModelName(name="toy", version="1", license="")
    return [
        Prediction.of(
            {"anger": 0.25, "neutral": 0.75}, quality=quality, model=model, start=i, end=i + 1, file=file
        )
        for i in range(stretches)
    ]


RECORDINGS = [
    recording("a.wav"),
    [Failure(file="b.txt", error=UnsupportedMedia('is "text", not sound'))],
    recording("c, d.wav", 1),
    recording("e.wav", 3),
]
NAMES = ["a.wav", "b.txt", "c, d.wav", "e.wav"]


def opened(out, begun_with=BEGUN):
    return Part(out, format=out.suffix[1:], labels=LABELS, begun_with=begun_with)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_cut_anywhere_it_ends_as_an_unbroken_run(tmp_path, format):
    whole = "".join(write(format, RECORDINGS, labels=LABELS))
    part = opened(tmp_path / f"whole.{format}")
    list(part.extend(RECORDINGS))
    written = part.path.read_bytes()
    for cut in range(0, len(written) + 1, len(written) // 37):
        out = tmp_path / f"cut.{format}"
        out.with_name(out.name + ".part").write_bytes(written[:cut])
        part = opened(out)
        list(part.extend([r for name, r in zip(NAMES, RECORDINGS, strict=True) if name not in part.done]))
        assert not out.exists()
        part.finish()
        assert out.read_text() == whole
        assert not part.path.exists()
        out.unlink()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_it_knows_what_is_done_and_what_had_failed(tmp_path, format):
    out = tmp_path / f"o.{format}"
    list(opened(out).extend(RECORDINGS[:3]))
    part = opened(out)
    assert part.done == {"a.wav", "b.txt", "c, d.wav"}
    assert part.failed == {"b.txt": 'is "text", not sound'}


def test_an_answer_is_on_the_disk_before_the_next_is_asked_for(tmp_path):
    part = opened(tmp_path / "o.jsonl")
    for i, _ in enumerate(part.extend(RECORDINGS)):
        rows = [line for line in part.path.read_text().splitlines()[1:] if line]
        assert json.loads(rows[-1])["file"] == NAMES[i]


def test_another_model_does_not_go_on_with_it(tmp_path):
    list(opened(tmp_path / "o.csv").extend(RECORDINGS[:1]))
    with pytest.raises(OutputError, match=r"o\.csv\.part: was begun with another model"):
        opened(tmp_path / "o.csv", {"model": "other", "timeline": True})
    (tmp_path / "o.csv.part").write_bytes(b"\xff\xfe something else\n")
    with pytest.raises(OutputError, match="was begun with another model"):
        opened(tmp_path / "o.csv")


def test_a_folder_in_the_way_is_said(tmp_path):
    (tmp_path / "o.csv.part").mkdir()
    with pytest.raises(OutputError, match="cannot be written: this is a folder"):
        opened(tmp_path / "o.csv")
