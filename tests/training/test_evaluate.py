"""Evaluation of runs and models: which clips are predicted, by which model, and where it is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from serenade.audio.logmel import FrontEnd
from serenade.cli.main import run as serenade
from serenade.errors import CorpusError, DeviceError, ModelError, RunError, StoreError
from serenade.evaluation.report.terminal import terminal_lines
from serenade.features.store import Store
from serenade.folders import RunFolder
from serenade.training import evaluate as evaluate_module
from serenade.training import predict_store
from serenade.training.evaluate import Evaluation, evaluate
from serenade.training.recipe import Recipe
from serenade.training.run import train

Make = Callable[..., Store]
Evaluate = Callable[..., tuple[Evaluation, pd.DataFrame]]
LABELS = ("anger", "neutral", "sadness")


@pytest.fixture(scope="module")
def folds(store: Store, tiny: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of one seed, an epoch each."""
    recipe = tiny(data={"fold": 0}, training={"epochs": 1})
    return train(recipe, store=store, out=tmp_path_factory.mktemp("runs") / "folds").folder


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Evaluate:
    """`evaluate` into a folder of the test's own, without drawing; returns its predictions, too."""
    monkeypatch.setattr("serenade.evaluation.evaluate._write_figures", lambda *_: None)
    monkeypatch.setattr("serenade.evaluation.evaluate.write_report", lambda *_, **__: None)

    def run(model: Path, **options) -> tuple[Evaluation, pd.DataFrame]:
        done = evaluate(model, **{"out": tmp_path / "evaluation"} | options)
        table = pd.read_csv(done.folder / "predictions.csv", dtype={"speaker": str}, keep_default_na=False)
        return done, table

    return run


def test_the_model_of_each_fold_predicts_its_own_test_part(
    folds: Path, store: Store, scored: Evaluate
) -> None:
    done, table = scored(folds)
    assert len(table) == len(store) == 72
    assert table["source"].is_unique
    for fold, rows in table.groupby("fold"):
        split = pd.read_csv(folds / f"fold{fold}-seed0" / "split.csv", dtype=str)
        assert set(rows["speaker"]) == set(split.loc[split["part"] == "test", "speaker"])
    scores = table[[f"score_{label}" for label in LABELS]].to_numpy()
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(scores.max(1), table["confidence"])
    correct = (table["predicted"] == table["emotion"]).mean()
    assert done.metrics["pooled"]["accuracy"] == pytest.approx(correct)
    assert (done.metrics["mean"]["folds"], done.metrics["part"]) == (3, "test")
    assert done.to_dict()["data"] == f"the test part of {store.path}"


def test_the_files_are_complete(folds: Path, tmp_path: Path) -> None:
    seen = []
    done = evaluate(folds, out=tmp_path / "there", progress=lambda *counts: seen.append(counts), audio=False)
    assert {file.name for file in done.folder.iterdir()} >= {
        "metrics.json",
        "predictions.csv",
        "classification_report.txt",
        "confusion_matrix.png",
        "report.html",
    }
    assert seen == [(0, 3), (1, 3), (2, 3)]


def test_a_single_model(folds: Path, store: Store, scored: Evaluate) -> None:
    inside = folds / "fold2-seed0"
    by_run, by_model, by_file = (
        scored(where, store=store)[1].drop(columns=["fold", "seed"], errors="ignore")
        for where in (inside, inside / "model", inside / "model" / "model.safetensors")
    )
    assert len(by_run) == 24
    pd.testing.assert_frame_equal(by_model, by_run)
    pd.testing.assert_frame_equal(by_file, by_run)


def test_another_part(folds: Path, scored: Evaluate) -> None:
    done, table = scored(folds / "fold1-seed0", part="dev")
    split = pd.read_csv(folds / "fold1-seed0" / "split.csv", dtype=str)
    assert set(table["source"]) == set(split.loc[split["part"] == "dev", "source"])
    assert (done.data.split(" of ")[0], done.metrics["part"]) == ("the dev part", "dev")


@pytest.mark.parametrize("part", ["held-out", "tset"])
def test_a_part_without_clips_names_those_with_clips(folds: Path, scored: Evaluate, part: str) -> None:
    with pytest.raises(CorpusError, match="its parts: train, dev, test"):
        scored(folds, part=part)


def test_the_split_is_joined_by_clip_and_not_by_row(folds: Path, scored: Evaluate, tmp_path: Path) -> None:
    shuffled = tmp_path / "run"
    shutil.copytree(folds, shuffled)
    for run in RunFolder(shuffled).fold_runs():
        run.write_split(sorted(run.read_split(), key=lambda row: row.id, reverse=True))
    expected, found = scored(folds)[1], scored(shuffled)[1]
    pd.testing.assert_frame_equal(found, expected)


def test_a_split_of_other_clips_is_refused(folds: Path, scored: Evaluate, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(folds, run)
    inside = RunFolder(run / "fold1-seed0")
    rows = inside.read_split()
    inside.write_split(rows[1:])
    with pytest.raises(RunError, match=f"lacks 1 of 72 clips of the store, such as '{rows[0].id}'"):
        scored(run)
    inside.write_split([*rows, rows[0]])
    with pytest.raises(RunError, match=f"names the clip '{rows[0].id}' twice"):
        scored(run)


def test_another_store_is_evaluated_whole(
    folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    def damage(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        table["corpus"] = "other"
        table["sha256"] = "other" + table["sha256"]
        table.loc[[0, 1], "state"] = ["silent", "unreadable"]
        features[1] = features[1][:0]

    other = make_store(
        tmp_path / "other",
        seed=5,
        speakers=2,
        labels=("anger", "neutral", "surprise"),
        copies=True,
        change=damage,
    )
    done, table = scored(folds, store=other.path)
    # 24 originals, of which one is silent (the unreadable row is a copy), predicted by each of three models.
    assert len(table) == 3 * 23
    assert done.metrics["unusable"] == {"state silent": 1}
    assert done.metrics["counts"]["outside_labels"] == {"surprise": 8}
    assert done.metrics["pooled"]["n"] == 15
    assert done.metrics["mean"]["same_clips"]
    assert set(table["fold"]) == {1, 2, 3}
    assert done.metrics["training_clips"] == {
        "known": True,
        "included": False,
        "clips": 24,
        "runs": [{"found": 0, "sound": 0, "source": 0, "speaker": 0}] * 3,
    }
    assert "None of the 24 clips is in the training data." in terminal_lines(done.metrics)


@pytest.mark.parametrize("speaker", ["01", "06"])
def test_a_label_that_one_speaker_alone_has(
    speaker: str, make_store: Make, tiny: Callable[..., Recipe], scored: Evaluate, tmp_path: Path
) -> None:
    """A fold with this speaker in dev or test has no training clip of the label, and never predicts it."""

    def change(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        table.loc[(table["emotion"] == "sadness") & (table["speaker"] != speaker), "emotion"] = "neutral"

    store = make_store(tmp_path / "store", change=change)
    recipe = tiny(data={"fold": 0}, training={"epochs": 1})
    done, table = scored(train(recipe, store=store, out=tmp_path / "run").folder)
    lacking = table["fold"] == table.loc[table["speaker"] == speaker, "fold"].iloc[0]
    assert (table.loc[lacking, "score_sadness"] == 0).all()
    assert (table["score_sadness"] > 0).groupby(table["fold"]).all().any()
    assert len(table) == len(store)
    assert done.metrics["labels"] == list(LABELS)
    assert done.metrics["pooled"]["per_class"]["sadness"]["recall"] == 0


HARD = ("01", "02")
"""The test speakers of fold 1: they express the emotions in another way than the others."""


@pytest.fixture(scope="module")
def leaky(
    make_store: Make, tiny: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A run, and its store, with a high score on its training clips and a low one on its test clips."""
    folder = tmp_path_factory.mktemp("leaky")
    store = make_store(folder / "store", clips=6, change=hard_for_test)
    recipe = tiny(training={"epochs": 6})
    return train(recipe, store=store, out=folder / "run").folder, store.path


def hard_for_test(table: pd.DataFrame, features: list[np.ndarray]) -> None:
    for number, row in enumerate(table.itertuples()):
        if row.speaker in HARD:
            features[number] = np.roll(features[number], 4, axis=1)


def trimmed(table: pd.DataFrame) -> None:
    table["sha256"] = "trimmed" + table["sha256"]


def renamed(table: pd.DataFrame) -> None:
    table["corpus"], table["source"] = "manifest", "folder/" + table["source"]


def renamed_speakers(table: pd.DataFrame) -> None:
    renamed(table)
    table["speaker"] = "actor" + table["speaker"]


def without_sounds_of_train(table: pd.DataFrame) -> None:
    """Other clips of the same speakers."""
    table["sha256"], table["source"] = "new" + table["sha256"], "new" + table["source"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (lambda table: None, "sound"),
        (trimmed, "source"),
        (renamed, "sound"),
        (renamed_speakers, "sound"),
        (without_sounds_of_train, "speaker"),
    ],
)
def test_clips_of_another_store_that_the_model_was_trained_on_are_left_out(
    leaky: tuple[Path, Path],
    make_store: Make,
    scored: Evaluate,
    tmp_path: Path,
    options: Callable[[pd.DataFrame], None],
    reason: str,
) -> None:
    run, _ = leaky
    honest, own = scored(run)
    assert set(own["speaker"]) == set(HARD)

    def change(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        hard_for_test(table, features)
        options(table)
        table["note"] = "prepared with other options"

    other = make_store(tmp_path / "other", clips=6, change=change)
    assert other.hash != Store.open(leaky[1]).hash
    everything, _ = scored(run, store=other, include_training_clips=True)
    done, table = scored(run, store=other)
    assert everything.metrics["mean"]["uar"]["value"] > 0.6
    assert honest.metrics["mean"]["uar"]["value"] < 0.4
    assert done.metrics["mean"]["uar"]["value"] == honest.metrics["mean"]["uar"]["value"]
    assert table["speaker"].nunique() == len(HARD)
    (found,) = done.metrics["training_clips"]["runs"]
    assert found["found"] == found[reason] == 72
    assert any("trained on some of these clips" in line for line in terminal_lines(everything.metrics))
    assert any(
        line.startswith("Left out, because") and "72 of 108" in line for line in terminal_lines(done.metrics)
    )


def test_a_subset_of_the_corpus_that_was_trained_on_is_refused(
    leaky: tuple[Path, Path], make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    run, _ = leaky
    train_speakers = {row.speaker for row in RunFolder(run).read_split() if row.part == "train"}

    def change(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        table["speaker"] = min(train_speakers)

    other = make_store(tmp_path / "other", speakers=1, change=change)
    with pytest.raises(StoreError, match="holds only clips that the model was trained on"):
        scored(run, store=other)


def test_a_model_without_a_list_of_its_training_clips_says_so(
    folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    shutil.copytree(folds / "fold1-seed0" / "model", tmp_path / "model")
    (tmp_path / "model" / "trained_on.json").unlink()
    done, table = scored(tmp_path / "model", store=make_store(tmp_path / "other", speakers=2))
    assert len(table) == 24
    assert done.metrics["training_clips"] == {"known": False, "included": False, "clips": 24, "runs": []}
    assert "no list of what it was trained on" in "".join(terminal_lines(done.metrics))


def test_a_model_folder_of_its_own_is_not_evaluated_on_its_training_clips(
    folds: Path, store: Store, scored: Evaluate, tmp_path: Path
) -> None:
    shutil.copytree(folds / "fold1-seed0" / "model", tmp_path / "model")
    expected = scored(folds / "fold1-seed0")[1].drop(columns=["fold", "seed"])
    pd.testing.assert_frame_equal(scored(tmp_path / "model", store=store)[1], expected)


def test_another_store_has_no_part(folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path) -> None:
    other = make_store(tmp_path / "other", seed=5, speakers=1)
    for part in ("test", "dev"):
        with pytest.raises(StoreError, match=f"no part '{part}'; leave --part out"):
            scored(folds / "fold1-seed0", store=other, part=part)


def test_without_labels_there_are_predictions_and_no_score(
    folds: Path, make_store: Make, scored: Evaluate, tmp_path: Path
) -> None:
    def change(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        table["corpus"], table["sha256"] = "other", "other" + table["sha256"]

    other = make_store(tmp_path / "other", speakers=1, labelled=False, change=change)
    done, table = scored(folds / "fold1-seed0", store=other)
    assert len(table) == 12
    assert set(table["emotion"]) == {""}
    assert done.metrics["mean"] is None


def test_another_front_end_is_refused(folds: Path, make_store: Make, tmp_path: Path) -> None:
    front_end = FrontEnd(rate_hz=8000, n_fft=256, hop=80, n_mels=16, fmax_hz=4000.0)
    other = make_store(tmp_path / "other", speakers=1, front_end=front_end)
    with pytest.raises(StoreError, match="another front end"):
        evaluate(folds, store=other, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_not_finished_is_refused(folds: Path, store: Store, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(folds, half)
    (half / "summary.json").unlink()
    for given in (store, None):
        with pytest.raises(ModelError, match="--resume"):
            evaluate(half, store=given)
    with pytest.raises(ModelError, match="is not a run folder"):
        evaluate(tmp_path, store=store)
    shutil.copytree(folds / "fold1-seed0" / "model", tmp_path / "model")
    with pytest.raises(StoreError, match="--store"):
        evaluate(tmp_path / "model")


def test_where_an_evaluation_is_written(folds: Path, store: Store) -> None:
    place = evaluate_module._default_out
    assert place(folds, store, part="test") == folds / "evaluation"
    assert place(folds, store, part="dev") == folds / "evaluation" / "dev"
    assert place(folds, store, part="") == folds / "evaluation" / "tiny"


def test_the_store_is_found_from_any_folder(
    folds: Path, scored: Evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Path(json.loads((folds / "summary.json").read_text())["store"]["path"]).is_absolute()
    monkeypatch.chdir(tmp_path)
    assert len(scored(folds)[1]) == 72


def test_models_and_inputs_are_moved_to_the_device(
    folds: Path, scored: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, on_cpu = scored(folds)
    moved, passed = [], []
    logits = predict_store.predict_logits
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: moved.append(device) or self)
    monkeypatch.setattr(
        predict_store,
        "predict_logits",
        lambda network, batches, device: passed.append(device) or logits(network, batches),
    )
    _, on_gpu = scored(folds, device="cuda")
    assert moved == passed == ["cuda"] * 3
    pd.testing.assert_frame_equal(on_gpu, on_cpu)


def test_a_device_that_there_is_not_is_one_sentence(
    folds: Path, scored: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("auto", "tpu"):
        with pytest.raises(DeviceError, match=f"there is no device '{name}'; use cpu or cuda"):
            scored(folds, device=name)
    out = tmp_path / "out"
    assert serenade(["evaluate", str(folds), "--device", "cuda", "--out", str(out)]) == 1
    message = capsys.readouterr().err.strip()
    assert len(message.splitlines()) == 1
    assert "finds no usable GPU; check nvidia-smi" in message
    assert not out.exists()
