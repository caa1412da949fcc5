"""A run as the files of the original trainer: each there, each with its keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from serenade.errors import ModelError
from serenade.features.store import Store
from serenade.originals.cremad.run_files import FILES, write_original_files
from serenade.originals.cremad.weights import load_original
from serenade.training.evaluate import evaluate
from serenade.training.recipe import Recipe
from serenade.training.run import train

KEYS = ["epoch", "model_state_dict", "optimizer_state_dict", "val_acc", "val_loss", "train_acc", "train_loss"]


@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`best_model.pth`, `final_model.pth`",
    verdict="equal",
    note="Keys `epoch`, `model_state_dict`, `optimizer_state_dict`, `val_acc`, `val_loss`, `train_acc`, "
    "`train_loss`; the best is the epoch with the highest dev accuracy.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`best_model.pth`, `final_model.pth`: further keys",
    verdict="differs",
    note="One more key, `spec`: labels, front end, network, split.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`training_history.pth`",
    verdict="equal",
    note="Keys `train_loss`, `val_loss`, `train_acc`, `val_acc`; one value per epoch.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`classification_report.txt`",
    verdict="equal",
    note="Rows Angry, Disgust, Fear, Happy, Neutral, Sad, in this order, as far as they occur.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`training_history.png`, `confusion_matrix.png`",
    verdict="equal",
    note="Both are written.",
)
@pytest.mark.fidelity(
    system="cremad_custom2.py",
    output="`entire_model.pth`",
    verdict="equal",
    note="The pickled network: the same logits as the weights. serenade never loads it.",
)
def test_every_file_and_key(tiny: Callable[..., Recipe], store: Store, tmp_path: Path) -> None:
    run = train(
        tiny(training={"epochs": 3, "monitor": "dev_accuracy"}), store=store, out=tmp_path / "run"
    ).folder
    metrics = evaluate(run, audio=False).metrics
    report = write_original_files(run, tmp_path / "out", metrics=metrics)
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert all((out / name).stat().st_size for name in FILES)

    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    best = max(lines, key=lambda line: line["dev_accuracy"])
    for name, line in (("best_model.pth", best), ("final_model.pth", lines[-1])):
        checkpoint = torch.load(out / name, weights_only=True)
        assert sorted(checkpoint) == sorted([*KEYS, "spec"])
        assert checkpoint["epoch"] == line["epoch"]
        assert checkpoint["val_acc"] == line["dev_accuracy"]
        assert checkpoint["val_loss"] == line["dev_loss"]
        assert checkpoint["train_acc"] == line["train_accuracy"]
        assert checkpoint["train_loss"] == line["train_loss"]
        assert set(checkpoint["optimizer_state_dict"]) == {"state", "param_groups"}

    history = torch.load(out / "training_history.pth", weights_only=True)
    assert sorted(history) == ["train_acc", "train_loss", "val_acc", "val_loss"]
    assert history["val_loss"] == [line["dev_loss"] for line in lines]

    assert (out / "classification_report.txt").read_text() == report
    assert [line.split()[0] for line in report.splitlines()[2:5]] == ["Angry", "Neutral", "Sad"]

    whole = torch.load(out / "entire_model.pth", weights_only=False)
    features, lengths = torch.randn(2, 16, 20), torch.tensor([20, 12])
    for name in ("best_model.pth", "model_state_dict.pth"):
        loaded = load_original(out / name)
        assert loaded.spec.labels == ("anger", "neutral", "sadness")
        assert loaded.spec.front_end == store.front_end
        torch.testing.assert_close(loaded.network(features, lengths), whole(features, lengths))


def test_a_run_without_a_labelled_answer_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no labelled clip"):
        write_original_files(tmp_path, tmp_path, metrics={"pooled": None, "labels": []})
