"""MELD as a user does it: prepare, train text and sound together, evaluate, then ask about new utterances."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from serenade.cli.main import run
from serenade.corpora import read_corpus
from serenade.synthetic.meld import SyntheticMeld

Serenade = Callable[..., tuple[int, str, str]]
RECIPE = Path(__file__).parents[2] / "recipes" / "meld_fusion.toml"
SMALL = (
    "network.options.sound_options={stem = 16, widths = [16, 16, 16], projection = 16}",
    "network.options.text_options={embedding = 16, hidden = 16}",
    "text.min_count=1",
    "training.epochs=3",
    "training.seeds=[0]",
)
TEXT = "Ew, that’s gross."


@pytest.fixture(scope="module")
def store(
    synthetic_meld: SyntheticMeld, front_end_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("stores") / "meld"
    given = ["prepare", str(synthetic_meld.path), "--corpus", "meld", "--out", str(out), "--jobs", "1"]
    assert not run([*given, "--front-end", str(front_end_file)])
    return out


@pytest.fixture(scope="module")
def fused(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of recipes/meld_fusion.toml, all of it small."""
    out = tmp_path_factory.mktemp("runs") / "fused"
    changes = [word for change in SMALL for word in ("--set", change)]
    assert not run(["train", str(RECIPE), "--store", str(store), "--out", str(out), *changes])
    return out


@pytest.fixture(scope="module")
def clips(synthetic_meld: SyntheticMeld) -> dict[str, Path]:
    """A clip of each kind, and two that are sound ("first", "second")."""
    table = read_corpus(synthetic_meld.path).set_index("source")
    found = {kind: Path(table.loc[synthetic_meld.defects[kind][2], "file"]) for kind in ("silent", "corrupt")}
    defects = {name for names in synthetic_meld.defects.values() for name in names}
    whole = [Path(row.file) for name, row in table.iterrows() if name not in defects]
    return found | {"first": whole[0], "second": whole[1]}


@pytest.fixture
def answers(serenade: Serenade, fused: Path) -> Callable[..., list[dict]]:
    """`answers(...)`: what `serenade predict` says, in order."""

    def ask(*arguments: str | Path) -> list[dict]:
        ran = serenade("predict", *arguments, "--model", fused, "--format", "json")
        assert ran[0] == 0, ran
        return json.loads(ran[1])

    return ask


def scores_of(answer: dict) -> dict[str, float]:
    return {entry["label"]: entry["score"] for entry in answer["scores"]}


def test_every_row_is_scored_with_and_without_each_modality(
    serenade: Serenade, fused: Path, synthetic_meld: SyntheticMeld
) -> None:
    status, out, _ = serenade("evaluate", fused, "--no-audio")
    lines = out.splitlines()
    assert status == 0
    assert lines[1].startswith(f"{synthetic_meld.rows['test']} clips of ")
    assert "dialogues, " in lines[1]
    assert lines[2].startswith("weighted F1 ")
    assert "95 % interval over dialogues" in lines[2]
    assert "macro F1" in lines[3]
    assert "UAR" in lines[3]
    assert "the most frequent emotion: weighted F1" in lines[4]
    metrics = json.loads((fused / "evaluation" / "metrics.json").read_text())
    for modality in ("sound", "text"):
        scored = metrics["without"][modality]["weighted_f1"]
        points = 100 * (metrics["mean"]["weighted_f1"]["value"] - scored)
        change = f"{abs(points):.1f} points {'lower' if points > 0 else 'higher'}"
        assert f"without the {modality}: weighted F1 {100 * scored:.1f} % ({change})" in lines
    page = (fused / "evaluation" / "report.html").read_text(encoding="utf-8")
    assert "<blockquote" in page  # the text of a clip beside its prediction
    assert all(f"without the {modality}" in page for modality in ("sound", "text"))
    assert "Loss, dev weighted F1 and learning rate of" in page
    predictions = pd.read_csv(fused / "evaluation" / "predictions.csv")
    assert set(predictions["state"]) > {"missing", "silent"}
    assert len(predictions) == synthetic_meld.rows["test"]


def test_a_recording_with_its_text(answers: Callable[..., list[dict]], clips: dict[str, Path]) -> None:
    (both,) = answers(clips["first"], "--text", TEXT)
    (heard,) = answers(clips["first"])
    (read,) = answers("--text", TEXT)
    assert both["file"] == heard["file"] == str(clips["first"])
    assert read["file"] == TEXT
    assert both["quality"] == heard["quality"]
    assert read["quality"]["duration_s"] == 0
    told = [scores_of(answer) for answer in (both, heard, read)]
    assert all(sum(scores.values()) == pytest.approx(1, abs=1e-3) for scores in told)
    assert told[0] != told[1] != told[2] != told[0], "each half counts, and either may be missing"


def test_a_table_of_utterances(
    answers: Callable[..., list[dict]], clips: dict[str, Path], tmp_path: Path
) -> None:
    """Files are found beside the table; a clip without speech, or none, leaves the words to decide."""
    (tmp_path / "clip.mp4").symlink_to(clips["first"])
    table = tmp_path / "said.csv"
    rows = [
        ("clip.mp4", TEXT, "1", "Ada"),
        (clips["silent"], TEXT, "1", "Bruno"),
        ("", TEXT, "1", "Ada"),
        (clips["second"], "", "2", "Ada"),
    ]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "text", "dialogue", "speaker"), *rows])
    given = answers("--text", table)
    assert [answer["file"] for answer in given] == [
        str(tmp_path / "clip.mp4"), str(clips["silent"]), f"{table}:4", str(clips["second"]),
    ]  # fmt: skip
    (whole,), (read,), (heard,) = (
        answers(clips["first"], "--text", TEXT), answers("--text", TEXT), answers(clips["second"])
    )  # fmt: skip
    for answer, alone in zip(given, (whole, read, read, heard), strict=True):
        assert scores_of(answer) == pytest.approx(scores_of(alone), abs=1e-3)


def test_what_cannot_be_read_is_named_and_the_others_are_answered(
    serenade: Serenade, fused: Path, clips: dict[str, Path], tmp_path: Path
) -> None:
    table = tmp_path / "said.csv"
    table.write_text(f"file,text\n{clips['corrupt']},Wow!\n,Okay.\n", encoding="utf-8")
    status, out, err = serenade("predict", "--text", table, "-m", fused, "--format", "csv")
    bad, good = csv.DictReader(io.StringIO(out))
    assert status == 0
    assert (bad["file"], bad["state"], bad["emotion"]) == (str(clips["corrupt"]), "error", "")
    assert (good["file"], good["error"]) == (f"{table}:3", "")
    assert good["emotion"]
    assert err.startswith(f"{clips['corrupt']}: cannot be decoded as sound")
    assert "1 utterance predicted" in err
    assert "1 not readable" in err
    assert serenade("predict", "--text", table, "-m", fused, "--strict")[0] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("words,who\nHello,Ada\n", "has neither a column file nor a column text, but words, who"),
        ("file,text\n,\n", "line 2 has neither a file nor a text"),
        ("file,text\n", "has no rows"),
    ],
)
def test_a_table_that_says_nothing_is_one_sentence(
    serenade: Serenade, fused: Path, tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "said.csv").write_text(content)
    ran = serenade("predict", "--text", tmp_path / "said.csv", "-m", fused)
    assert ran.is_one_sentence()
    assert sentence in ran[2]


def test_one_text_is_not_of_two_recordings(
    serenade: Serenade, fused: Path, clips: dict[str, Path], tmp_path: Path
) -> None:
    ran = serenade("predict", clips["first"], clips["second"], "--text", TEXT, "-m", fused)
    assert ran.is_one_sentence()
    assert "for several recordings pass a CSV" in ran[2]
    gone = serenade("predict", "--text", tmp_path / "gone.csv", "-m", fused)
    assert gone.is_one_sentence()
    assert "there is no such file" in gone[2]


@pytest.mark.parametrize("options", [["--timeline"], ["--format", "vtt"], ["--figures", "pictures"]])
def test_a_timeline_is_of_sound_alone(
    serenade: Serenade, fused: Path, clips: dict[str, Path], options: list[str]
) -> None:
    ran = serenade("predict", clips["first"], "-m", fused, *options)
    assert ran.is_one_sentence()
    assert "has no timeline; use a model of sound alone" in ran[2]


READS = """
name = "reads"
[data]
inputs = "text"
split = "meld"
[network]
name = "text_lstm"
options = {embedding = 8, hidden = 8}
[training]
epochs = 1
precision = "fp32"
"""
LISTENS = """
name = "listens"
[data]
split = "meld"
[network]
options = {stem = 16, widths = [24, 48, 64], projection = 96}
[training]
epochs = 1
precision = "fp32"
"""


@pytest.mark.parametrize(("recipe", "takes"), [(READS, "text"), (LISTENS, "sound")])
def test_what_a_model_does_not_take_is_ignored_with_a_note(
    serenade: Serenade, store: Path, clips: dict[str, Path], tmp_path: Path, recipe: str, takes: str
) -> None:
    (tmp_path / "r.toml").write_text(recipe)
    assert serenade("train", tmp_path / "r.toml", "--store", store, "--out", tmp_path / "run")[0] == 0
    inputs = {"text": ["--text", TEXT], "sound": [clips["first"]]}
    ran = serenade("predict", *inputs[takes], "-m", tmp_path / "run")
    assert ran[0] == 0
    assert "ignored" not in ran[2]
    ran = serenade("predict", clips["first"], "--text", TEXT, "-m", tmp_path / "run")
    assert ran[0] == 0
    assert f"the model takes {takes} only, and the" in ran[2]
    (other,) = [inputs[name] for name in inputs if name != takes]
    ran = serenade("predict", *other, "-m", tmp_path / "run")
    assert ran.is_one_sentence()
    assert {"text": "takes a text as input", "sound": "takes a recording as input"}[takes] in ran[2]


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "pandas", "sklearn", "scipy", "onnx", "transformers"}:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)
sys.meta_path.insert(0, Blocked())
from serenade.cli.main import main
main()
"""


def test_it_needs_no_training_library(fused: Path, clips: dict[str, Path]) -> None:
    command = [sys.executable, "-c", BLOCKED, "predict", str(clips["first"]), "--text", TEXT]
    ran = subprocess.run([*command, "-m", str(fused)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1].split()[0].endswith(clips["first"].name)
    assert "1 utterance predicted" in ran.stderr
