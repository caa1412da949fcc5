from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

from serenade.errors import CorpusError, OutputError, RecipeError, SplitError
from serenade.features.store import Store
from serenade.folders import EpochLog, RunFolder
from serenade.networks.export import Classifier
from serenade.networks.weights import load_network
from serenade.spec import Spec
from serenade.training import run as run_module
from serenade.training.fold_run import FoldRun, fold_runs_of
from serenade.training.recipe import Recipe, load_recipe
from serenade.training.run import train

Make = Callable[..., Store]
Tiny = Callable[..., Recipe]
Weights = Callable[[Path], dict[str, torch.Tensor]]

AUGMENT = {
    "augment": {
        "resample": {"speed": 0.1, "mel_stretch": 0.1, "mel_shift": 1.0, "crop_s": 0.4},
        "frequency_masks": {"count": 1},
        "time_masks": {"count": 1},
        "mixup": {"alpha": 0.3},
    }
}


class Killed(Exception):
    """Ends a run from within, after an epoch is written."""


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def finished(store: Store, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs, for tests that only look at it."""
    return train(
        tiny(training={"epochs": 3}), store=store, out=tmp_path_factory.mktemp("runs") / "finished"
    ).folder


def test_the_files_of_a_run(finished: Path) -> None:
    files = {str(file.relative_to(finished)) for file in finished.rglob("*") if file.is_file()}
    assert files >= {
        "run.json",
        "recipe.toml",
        "log.jsonl",
        "curves.png",
        "split.csv",
        "summary.json",
        "checkpoint/last.ckpt",
        "checkpoint/best.ckpt",
        "model/model.safetensors",
        "model/model.onnx",
        "model/config.json",
        "model/trained_on.json",
        "model/README.md",
    }
    assert not [name for name in files if name.endswith(".part")]
    lines = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[-1]["train_loss"] < lines[0]["train_loss"]
    split = pd.read_csv(finished / "split.csv", dtype=str, keep_default_na=False)
    assert list(split) == ["id", "file", "source", "speaker", "emotion", "part", "dropped"]
    assert set(split["part"]) == {"train", "dev", "test"}
    assert (split.groupby("speaker")["part"].nunique() == 1).all()


def test_dev_uar_is_above_chance(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    assert summary["fold_runs"][0]["figures"]["dev_uar"] > 0.5


def test_the_spec_records_the_training(finished: Path, store: Store, tiny: Tiny) -> None:
    spec = load_network(finished)[1]
    assert spec == Spec.from_dict(json.loads((finished / "model" / "config.json").read_text()))
    assert spec.labels == ("anger", "neutral", "sadness")
    assert spec.front_end == store.front_end
    assert spec.recipe_hash == tiny(training={"epochs": 3}).hash
    assert spec.split["name"] == "grouped-3"
    assert spec.corpora == ({"name": "toy", "license": ""},)
    assert load_recipe(finished).hash == spec.recipe_hash


def test_onnx_and_torch_agree(finished: Path) -> None:
    network, spec = load_network(finished)
    lengths = np.array([8000, 3100, 500])
    waveform = np.random.default_rng(0).normal(0, 0.1, (3, 8000)).astype(np.float32)
    waveform[np.arange(8000) >= lengths[:, None]] = 0
    session = onnxruntime.InferenceSession(finished / "model" / "model.onnx")
    outputs = session.run(None, {"waveform": waveform, "lengths": lengths})
    with torch.inference_mode():
        expected = Classifier(network, spec)(torch.from_numpy(waveform), torch.from_numpy(lengths))
    for output, tensor in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(output, tensor.numpy(), atol=1e-4)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"ema_decay": 0.9, "gradient_clip_norm": 1.0}, **AUGMENT},
        {
            "training": {
                "schedule": "plateau",
                "plateau_patience": 0,
                "sampler": "balanced",
                "checkpoint": "last",
            }
        },
        {
            "training": {
                "schedule": "constant",
                "muon_learning_rate": 0.02,
                "class_weights": True,
                "early_stopping_patience": 2,
            }
        },
    ],
    ids=["average-augment", "plateau-weighted-last", "muon-class-weights"],
)
def test_a_resumed_run_equals_the_uninterrupted_one(
    sections: dict, store: Store, tiny: Tiny, weights_of: Weights, tmp_path: Path
) -> None:
    recipe = tiny(**sections | {"training": sections["training"] | {"epochs": 4}})
    unbroken = train(recipe, store=store, out=tmp_path / "unbroken").folder

    def kill(part, line) -> None:
        if line["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        train(recipe, store=store, out=tmp_path / "killed", on_epoch=kill)
    epochs: list[float] = []
    torch.manual_seed(99)  # what was drawn before must not matter
    killed = train(
        recipe,
        store=store,
        out=tmp_path / "killed",
        resume=True,
        on_epoch=lambda _, line: epochs.append(line["epoch"]),
    ).folder
    assert epochs == [1, 2, 3, 4][: len(epochs)]
    assert same(weights_of(unbroken), weights_of(killed))
    logs = [
        [
            {key: value for key, value in json.loads(line).items() if key != "seconds"}
            for line in (run / "log.jsonl").read_text().splitlines()
        ]
        for run in (unbroken, killed)
    ]
    assert logs[0] == logs[1]


TRAIN = """
import sys, time, torch
torch.set_num_threads(1)
from serenade.training.run import train
def report(fold_run, line):
    print(line["epoch"], flush=True)
    time.sleep(0.1)
train(sys.argv[1], store=sys.argv[2], out=sys.argv[3], resume=True, on_epoch=report)
"""


def test_sigkill_in_the_middle(
    store: Store, tiny: Tiny, weights_of: Weights, finished: Path, tmp_path: Path
) -> None:
    recipe = tiny(training={"epochs": 3})
    (tmp_path / "tiny.toml").write_text(recipe.to_toml())
    command = [sys.executable, "-c", TRAIN, tmp_path / "tiny.toml", store.path, tmp_path / "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "run" / "model").exists()
    assert not (tmp_path / "run" / "summary.json").exists()
    (tmp_path / "run" / "checkpoint" / ".last.ckpt.abc.part").write_bytes(b"half of it")
    resumed = train(recipe, store=store, out=tmp_path / "run", resume=True).folder
    assert same(weights_of(resumed), weights_of(finished))
    assert not list(resumed.rglob("*.part"))


@pytest.mark.usefixtures("bare")
def test_a_kill_between_best_and_last_loses_nothing(
    store: Store, tiny: Tiny, weights_of: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serenade.training import loop

    recipe = tiny(training={"epochs": 3})
    unbroken = train(recipe, store=store, out=tmp_path / "unbroken").folder
    save, saved = loop.save_checkpoint, []

    def kill(file, state) -> None:
        if len(saved) == 3:
            raise Killed
        saved.append(file)
        save(file, state)

    monkeypatch.setattr(loop, "save_checkpoint", kill)
    with pytest.raises(Killed):
        train(recipe, store=store, out=tmp_path / "killed")
    monkeypatch.setattr(loop, "save_checkpoint", save)
    killed = train(recipe, store=store, out=tmp_path / "killed", resume=True).folder
    assert same(weights_of(unbroken), weights_of(killed))


@pytest.mark.usefixtures("bare")
def test_the_seed_determines_the_weights(
    store: Store, tiny: Tiny, weights_of: Weights, finished: Path, tmp_path: Path
) -> None:
    again = train(tiny(training={"epochs": 3}), store=store, out=tmp_path / "again").folder
    assert same(weights_of(again), weights_of(finished))
    other = train(tiny(training={"epochs": 3, "seeds": [1]}), store=store, out=tmp_path / "other").folder
    assert not same(weights_of(other), weights_of(finished))


@pytest.mark.usefixtures("bare")
def test_the_test_part_has_no_influence(
    store: Store, make_store: Make, tiny: Tiny, weights_of: Weights, tmp_path: Path
) -> None:
    recipe = tiny()
    here = train(recipe, store=store, out=tmp_path / "here").folder
    split = pd.read_csv(here / "split.csv", dtype=str, keep_default_na=False)
    test = set(split.loc[split["part"] == "test", "source"])
    assert test

    def spoil(table: pd.DataFrame, features: list[np.ndarray]) -> None:
        for source, sound in zip(table["source"], features, strict=True):
            if source in test:
                sound[:] = -80.0

    there = train(recipe, store=make_store(tmp_path / "spoiled", change=spoil), out=tmp_path / "there").folder
    assert same(weights_of(here), weights_of(there))
    specs = [load_network(run)[1] for run in (here, there)]
    assert specs[0].temperature == specs[1].temperature
    assert specs[0].unsure_below == specs[1].unsure_below


@pytest.mark.usefixtures("bare")
def test_a_leak_refuses_to_train(make_store: Make, tiny: Tiny, tmp_path: Path) -> None:
    def one_sound_of_two_speakers(table: pd.DataFrame, _: list[np.ndarray]) -> None:
        for speaker in table["speaker"].unique():
            table.loc[(table["speaker"] == speaker).idxmax(), "sha256"] = "the same"

    leaking = make_store(tmp_path / "store", change=one_sound_of_two_speakers)
    with pytest.raises(SplitError, match="identical sound"):
        train(tiny(), store=leaking, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    recipe = tiny(data={"split": "random-leaky", "fold": 0}, training={"epochs": 1})
    run = train(recipe, store=leaking, out=tmp_path / "run").folder
    assert "leaks on purpose" in (run / "model" / "README.md").read_text()


def test_dev_must_not_be_empty(make_store: Make, tiny: Tiny, tmp_path: Path) -> None:
    def parts(table: pd.DataFrame, _: list[np.ndarray]) -> None:
        table["split"] = np.where(table["speaker"] == "01", "dev", "train")
        table.loc[table["speaker"] == "01", "state"] = "silent"

    store = make_store(tmp_path / "store", change=parts)
    with pytest.raises(SplitError, match="dev"):
        train(tiny(data={"split": "official", "fold": 0}), store=store, out=tmp_path / "run")


def test_a_folder_with_a_run_is_not_overwritten(
    store: Store, make_store: Make, tiny: Tiny, finished: Path, tmp_path: Path
) -> None:
    recipe = tiny(training={"epochs": 3})
    with pytest.raises(OutputError, match="--resume"):
        train(recipe, store=store, out=finished)
    with pytest.raises(OutputError, match="another recipe"):
        train(tiny(training={"epochs": 4}), store=store, out=finished, resume=True)
    with pytest.raises(OutputError, match="another store"):
        train(recipe, store=make_store(tmp_path / "other", seed=1), out=finished, resume=True)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    with pytest.raises(OutputError, match="not empty"):
        train(recipe, store=store, out=tmp_path / "thesis")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        train(recipe, store=store, out=tmp_path / "file" / "run")


def test_two_trainings_do_not_write_into_one_folder(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    recipe, out = tiny(), tmp_path / "run"

    def second(fold_run: FoldRun, line: EpochLog) -> None:
        with pytest.raises(OutputError, match="another serenade train is writing here"):
            train(recipe, store=store, out=out, resume=True)
        raise Killed

    with pytest.raises(Killed):
        train(recipe, store=store, out=out, on_epoch=second)
    # Given back, however the first one ended.
    train(recipe, store=store, out=out, resume=True)


def test_a_finished_run_is_left_as_it_is(
    store: Store, tiny: Tiny, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "train_fold_run", None)
    assert train(tiny(training={"epochs": 3}), store=store, out=finished, resume=True).folder == finished


@pytest.mark.usefixtures("bare")
def test_folds_and_seeds_each_have_a_folder(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny(data={"fold": 0}, training={"seeds": [3, 4], "epochs": 1})
    fold_runs = fold_runs_of(recipe, store, RunFolder(tmp_path))
    assert [fold_run.name for fold_run in fold_runs] == [
        f"fold{fold}-seed{seed}" for seed in (3, 4) for fold in (1, 2, 3)
    ]
    out = train(tiny(training={"seeds": [3, 4], "epochs": 1}), store=store, out=tmp_path / "run").folder
    summary = json.loads((out / "summary.json").read_text())
    assert [part["folder"] for part in summary["fold_runs"]] == ["fold1-seed3", "fold1-seed4"]
    assert {"recipe.toml", "log.jsonl", "split.csv", "model"} <= {
        file.name for file in (out / "fold1-seed3").iterdir()
    }


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("data", "training", "message"),
    [
        ({}, {"precision": "bf16"}, None),
        ({}, {"monitor": "dev_loss", "label_smoothing": 0.1}, None),
        ({"variants": "sample"}, {}, None),
        ({"variants": "none"}, {}, None),
        ({"vote_weight": 0.5}, {}, None),
        ({}, {"learning_rate": 1e30, "schedule": "constant", "epochs": 3}, "lower training.learning_rate"),
    ],
    ids=["bf16", "dev-loss", "drawn", "no-copies", "votes", "diverged"],
)
def test_ways_of_training(
    data: dict, training: dict, message: str | None, make_store: Make, tiny: Tiny, tmp_path: Path
) -> None:
    store = make_store(tmp_path / "store", copies=True, votes=True)
    recipe = tiny(data=data, training={"epochs": 1} | training)
    if message is None:
        weights = load_network(train(recipe, store=store, out=tmp_path / "run").folder)[0].state_dict()
        assert all(torch.isfinite(weight).all() for weight in weights.values())
    else:
        with pytest.raises(RecipeError, match=message):
            train(recipe, store=store, out=tmp_path / "run")
        assert not (tmp_path / "run" / "model").exists()


def test_votes_that_are_missing(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"data\.vote_weight"):
        train(tiny(data={"vote_weight": 0.5}), store=store, out=tmp_path / "run")


def test_an_option_that_the_network_does_not_have(store: Store, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny(network={"name": "compact", "options": {"width": 3}})
    with pytest.raises(RecipeError, match="width"):
        train(recipe, store=store, out=tmp_path / "run")
