"""Recipes with an encoder of text, frozen or learning: trained, evaluated, found again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from serenade.audio.logmel import FrontEnd
from serenade.cli.main import app
from serenade.corpora import make_split
from serenade.errors import ModelError, RecipeError
from serenade.features.store import Store, write_store
from serenade.features.text_vectors import text_vectors
from serenade.networks.export import export
from serenade.networks.weights import load_network
from serenade.training.data.inputs import Inputs
from serenade.training.distillation import teacher_features
from serenade.training.evaluate import evaluate
from serenade.training.recipe import Recipe
from serenade.training.run import train

pytest.importorskip("transformers")

WORDS = {"anger": "no", "joy": "friend"}


@pytest.fixture
def dialogues(tmp_path: Path) -> Store:
    """Dialogues of two utterances without sound; the tests' encoder has their tokens; one empty."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "id": f"{part}{dialogue}_{rank}",
            "file": f"{part}{dialogue}_{rank}.mp4",
            "start": np.nan,
            "end": np.nan,
            "emotion": (emotion := list(WORDS)[int(rng.integers(2))]),
            "speaker": ("you", "my")[rank],
            "corpus": "meld",
            "split": part,
            "dialogue": f"{part}/{dialogue}",
            "rank": rank,
            "text": f"oh {WORDS[emotion]} !" if (part, dialogue, rank) != ("test", 0, 0) else "",
            "state": "missing",
            "sha256": "",
            "frames": 0,
        }
        for part, dialogues in (("train", 24), ("dev", 8), ("test", 8))
        for dialogue in range(dialogues)
        for rank in (0, 1)
    ]
    return write_store(tmp_path / "dialogues", [], pd.DataFrame(rows), front_end=FrontEnd())


def recipe(*encoders: Path, network: dict, **text: object) -> Recipe:
    return Recipe.from_dict(
        {
            "name": "dialogues",
            "data": {"inputs": "text", "split": "meld"},
            "text": {"encoder": [str(encoder) for encoder in encoders], "layers": [2], **text},
            "network": network,
            "training": {"epochs": 8, "batch_size": 4, "learning_rate": 0.03, "precision": "fp32"},
        }
    )


def accuracy(run: Path) -> float:
    pooled = evaluate(run, audio=False).metrics["pooled"]
    assert sum(map(sum, pooled["confusion"])) == 16, "every row is in the score"
    return float(pooled["accuracy"])


HEAD = {"hidden": 16, "dropout": 0.0}


@pytest.mark.parametrize(
    ("network", "context"),
    [
        ({"name": "text_head", "options": HEAD}, "none"),
        (
            {
                "name": "dialogue",
                "options": {"utterance": "text_head", "utterance_options": HEAD, "dropout": 0.0},
            },
            "all",
        ),
    ],
    ids=["alone", "dialogue"],
)
def test_a_frozen_encoder(
    dialogues: Store, made_encoder: Path, tmp_path: Path, network: dict, context: str
) -> None:
    run = train(
        recipe(made_encoder, network=network, layers=[2, 3]), store=dialogues, out=tmp_path / "run"
    ).folder
    spec = load_network(run)[1]
    assert spec.text["layers"] == [2, 3]
    assert spec.sizes == {"text_width": 16}
    assert accuracy(run) >= 15 / 16
    assert json.loads((run / "evaluation" / "metrics.json").read_text())["model"]["context"] == context
    for file, text in (
        (run / "evaluation" / "report.html", "the whole dialogue, including what follows the utterance"),
        (run / "model" / "README.md", "the whole dialogue, with the utterances after"),
    ):
        assert (text in file.read_text()) == (context == "all")
    assert len(list(dialogues.path.glob("text_vectors-*.npy"))) == 1
    assert (run / "model" / "model.onnx").is_file()


def test_predict_runs_the_frozen_encoders(dialogues: Store, made_encoder: Path, tmp_path: Path) -> None:
    network = {"name": "dialogue", "options": {"utterance": "text_head", "utterance_options": HEAD}}
    run = train(
        recipe(made_encoder, made_encoder, network=network), store=dialogues, out=tmp_path / "run"
    ).folder
    evaluate(run, audio=False)
    scored = pd.read_csv(run / "evaluation" / "predictions.csv", keep_default_na=False)
    scored = scored[scored["dialogue"] != scored.loc[scored["text"] == "", "dialogue"].item()]
    speakers = dialogues.index.set_index("file")["speaker"]
    table = scored[["text", "dialogue"]].assign(speaker=scored["file"].map(speakers))
    table.to_csv(tmp_path / "dialogues.csv", index=False)
    options = ["--model", str(run), "--text", str(tmp_path / "dialogues.csv"), "--format", "json"]
    result = CliRunner().invoke(app, ["predict", *options])
    assert result.exit_code == 0, result.output
    for prediction, row in zip(json.loads(result.stdout), scored.to_dict("records"), strict=True):
        assert prediction["emotion"] == row["predicted"]
        assert prediction["confidence"] == pytest.approx(row["confidence"], abs=1e-4)


def test_a_committee_of_vectors_and_an_encoder_that_learns(
    dialogues: Store, made_encoder: Path, tmp_path: Path
) -> None:
    members = [
        {"name": "text_encoder", "options": {"context": "all"}},
        {"name": "text_head", "options": HEAD},
    ]
    chosen = recipe(
        made_encoder,
        made_encoder,
        network={"name": "ensemble", "options": {"members": members}},
        layers=[1, 3],
        trainable_layers=2,
        prepend_speaker=True,
    )
    run = train(
        replace(chosen, training=replace(chosen.training, encoder_learning_rate=0.01)),
        store=dialogues,
        out=tmp_path / "run",
    ).folder
    network, spec = load_network(run)
    assert spec.sizes["pretrained"] == {"encoder": str(made_encoder), "layers": 3, "trained": 2}
    assert spec.sizes["text_width"] == 32
    assert len(network.pretrained_weights()) == 2 * 16
    assert accuracy(run) >= 15 / 16
    with pytest.raises(ModelError, match="not exported to ONNX"):
        export(run, tmp_path / "m.onnx")


def test_features_are_components_of_the_vectors_of_the_teacher(
    dialogues: Store, made_encoder: Path, tmp_path: Path
) -> None:
    teacher = train(
        recipe(made_encoder, made_encoder, network={"name": "text_head"}, layers=[1, 3]),
        store=dialogues,
        out=tmp_path / "t",
    ).folder
    split = make_split(dialogues.index, "meld")
    features = teacher_features(teacher, dialogues, split, 2)
    texts = dialogues.index["text"].to_numpy()
    assert features.shape == (len(dialogues), 2)
    assert not features[texts == ""].any()
    read = features[(dialogues.index["split"] == "train").to_numpy()]
    (
        np.testing.assert_allclose(read.T @ read / len(read), [[1, 0], [0, 0]], atol=0.1),
        "two texts differ in one",
    )
    assert len({tuple(row.round(3)) for row in features[texts != ""]}) == 2
    with pytest.raises(RecipeError, match="teacher's vectors have 32"):
        teacher_features(teacher, dialogues, split, 33)


def test_feature_distillation_into_a_network_of_tokens(
    dialogues: Store, made_encoder: Path, tmp_path: Path
) -> None:
    teacher = train(
        recipe(made_encoder, network={"name": "text_head"}), store=dialogues, out=tmp_path / "teacher"
    ).folder
    words = {
        "data": {"inputs": "text", "split": "meld", "distill_from": str(teacher), "distill_features": 1},
        "text": {"min_count": 1},
        "network": {"name": "dialogue", "options": {"utterance": "text_lstm", "dropout": 0.0}},
        "training": {"epochs": 8, "batch_size": 4, "learning_rate": 0.03, "precision": "fp32"},
    }
    run = train(Recipe.from_dict(words), store=dialogues, out=tmp_path / "words").folder
    assert load_network(run)[1].text == {}
    card = (run / "model" / "README.md").read_text()
    assert (
        "| distilled from | predictions of `teacher`, weight 0.7; 1 principal components of its text" in card
    )
    assert accuracy(run) >= 15 / 16
    words["data"]["distill_from"] = str(run)
    with pytest.raises(RecipeError, match=r"needs a teacher that takes text vectors"):
        train(Recipe.from_dict(words), store=dialogues, out=tmp_path / "further")
    words["data"]["distill_from"] = ""
    with pytest.raises(RecipeError, match=r"data\.distill_features needs a teacher"):
        Recipe.from_dict(words)


def test_vectors_of_several_encoders_are_concatenated(dialogues: Store, made_encoder: Path) -> None:
    twice = text_vectors(dialogues, encoders=[str(made_encoder)] * 2, layers=[1, 2])
    assert twice.shape == (len(dialogues), 32)
    np.testing.assert_array_equal(twice[:, :16], twice[:, 16:])


@pytest.mark.parametrize("context", ["none", "past"])
def test_a_fine_tuned_encoder(dialogues: Store, made_encoder: Path, tmp_path: Path, context: str) -> None:
    chosen = recipe(
        made_encoder,
        network={"name": "text_encoder", "options": {"context": context}},
        trainable_layers=2,
        prepend_speaker=True,
    )
    chosen = replace(chosen, training=replace(chosen.training, encoder_learning_rate=0.01, epochs=20))
    run = train(chosen, store=dialogues, out=tmp_path / "run").folder
    network, spec = load_network(run)
    assert spec.context == context
    assert spec.text["encoder"] == [spec.sizes["pretrained"]["encoder"]] == [str(made_encoder)]
    assert accuracy(run) >= 15 / 16
    with pytest.raises(ModelError, match="not exported to ONNX"):
        export(run, tmp_path / "m.onnx")
    # A run without a graph is whole all the same: going on trains nothing anew.
    before = (run / "model" / "model.safetensors").stat().st_mtime_ns
    train(chosen, store=dialogues, out=tmp_path / "run", resume=True)
    assert (run / "model" / "model.safetensors").stat().st_mtime_ns == before
    inputs = Inputs.of_spec(dialogues, spec, takes=network.takes)
    row = int(np.flatnonzero(dialogues.index["text"] == "oh no !")[0])
    assert inputs.ids[row][-4:] == [4, 5, 6, 3]
    assert inputs.ids[row][1] == {"you": 7, "my": 9}[dialogues.index["speaker"][row]], (
        "who speaks comes first"
    )


def test_the_encoder_has_a_learning_rate_of_its_own(
    dialogues: Store, made_encoder: Path, tmp_path: Path
) -> None:
    def moved(rate: float) -> torch.Tensor:
        chosen = recipe(made_encoder, network={"name": "text_encoder"}, trainable_layers=1)
        chosen = replace(
            chosen, training=replace(chosen.training, encoder_learning_rate=rate, weight_decay=0.0, epochs=2)
        )
        return load_network(train(chosen, store=dialogues, out=tmp_path / f"{rate}").folder)[
            0
        ].pretrained_weights()[0]

    still, little, much = moved(1e-12), moved(1e-4), moved(1e-2)
    assert 0 < (little - still).abs().max() < (much - still).abs().max() / 10


@pytest.mark.parametrize(
    ("text", "said_so"),
    [
        ({"layers": []}, "must be set together"),
        ({"encoder": [], "layers": [], "trainable_layers": 1}, "needs an encoder"),
        ({"prepend_speaker": True}, "needs a fine-tuned encoder"),
    ],
)
def test_what_does_not_fit_together(made_encoder: Path, text: dict, said_so: str) -> None:
    with pytest.raises(RecipeError, match=said_so):
        recipe(made_encoder, network={"name": "text_head"}, **text)
