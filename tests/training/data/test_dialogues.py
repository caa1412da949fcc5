from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

from serenade.audio.logmel import FrontEnd
from serenade.errors import CorpusError, RecipeError
from serenade.features.store import Store, write_store
from serenade.inference.load import load_model
from serenade.inference.tokens import UNKNOWN, Vocabulary
from serenade.inference.utterances import Utterance
from serenade.networks.weights import load_network
from serenade.training.data.dialogues import DialogueBatches, places_of_dialogues
from serenade.training.data.inputs import Inputs
from serenade.training.evaluate import evaluate
from serenade.training.recipe import Recipe
from serenade.training.run import train

WORDS = {"anger": "damn", "neutral": "well", "sadness": "alas"}
SIZES = {"train": 24, "dev": 8, "test": 8}
FRONT_END = FrontEnd(rate_hz=8000, n_fft=256, hop=160, n_mels=16, fmax_hz=4000.0)
TINY_SOUND = {"name": "compact", "options": {"stem": 16, "widths": [16, 16, 16], "projection": 16}}
TINY_TEXT = {"embedding": 8, "hidden": 8, "dropout": 0.0, "word_dropout": 0.0}
HEARS_AND_READS = frozenset({"features", "lengths", "tokens", "token_lengths", "present"})


@pytest.fixture(scope="module")
def meld(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Dialogues whose words tell the emotion; every third clip is missing, and one test text is empty."""
    rng = np.random.default_rng(0)
    rows, features = [], []
    for part, dialogues in SIZES.items():
        for dialogue in range(dialogues):
            for rank in range(int(rng.integers(1, 6))):
                emotion = list(WORDS)[int(rng.integers(3))]
                there = len(rows) % 3 > 0
                sound = rng.normal(-40, 4, (int(rng.integers(12, 30)) if there else 0, FRONT_END.n_mels))
                features.append(sound.astype(np.float32))
                rows.append(
                    {
                        "id": f"{part}/dia{dialogue}_utt{rank}",
                        "file": f"/nowhere/{part}/dia{dialogue}_utt{rank}.mp4",
                        "source": f"{part}/dia{dialogue}_utt{rank}",
                        "start": np.nan,
                        "end": np.nan,
                        "emotion": emotion,
                        "speaker": ("Ross", "Joey")[int(rng.integers(2))],
                        "sex": "",
                        "corpus": "meld",
                        "split": part,
                        "dialogue": f"{part}/{dialogue}",
                        "rank": rank,
                        "text": f"{WORDS[emotion]} it is {part}word!",
                        "state": "ok" if there else "missing",
                        "frames": len(sound),
                    }
                )
    rows[-1]["text"] = ""
    order = np.random.default_rng(1).permutation(len(rows))
    return write_store(
        tmp_path_factory.mktemp("stores") / "meld",
        [features[place] for place in order],
        pd.DataFrame([rows[place] for place in order]),
        front_end=FRONT_END,
    )


def recipe(**sections: dict) -> Recipe:
    return Recipe.from_dict(
        {
            "name": "said",
            "network": {"name": "dialogue", "options": {"utterance_options": TINY_TEXT, "hidden": 8}},
            **sections,
            "data": {"inputs": "text", "split": "meld"} | sections.get("data", {}),
            "training": {
                "epochs": 12,
                "batch_size": 4,
                "learning_rate": 0.03,
                "precision": "fp32",
                "monitor": "dev_weighted_f1",
            }
            | sections.get("training", {}),
        }
    )


@pytest.fixture(scope="module")
def run(meld: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(recipe(), store=meld, out=tmp_path_factory.mktemp("runs") / "said").folder


def batches_of(store: Store, part: str, *, size: int = 4) -> DialogueBatches:
    rows = np.flatnonzero(store.index["split"] == part)
    takes = HEARS_AND_READS | {"dialogues", "speakers"}
    inputs = Inputs(store, kind="both", vocabulary=Vocabulary(("it", "is")), takes=takes)
    return DialogueBatches(store, rows, np.zeros((len(rows), 3), np.float32), size=size, inputs=inputs)


def test_a_batch_is_whole_dialogues_by_rank(meld: Store) -> None:
    batches = batches_of(meld, "train")
    seen: list[int] = []
    for batch in [*batches.sequential(), *batches.epoch(0, 1)]:
        counts = batch.inputs["dialogues"].tolist()
        assert sum(counts) == len(batch.rows) == len(batch.inputs["tokens"])
        for rows in np.split(batch.rows, np.cumsum(counts)[:-1]):
            told = meld.index.iloc[rows]
            assert told["dialogue"].nunique() == 1
            assert told["rank"].tolist() == list(range(len(told)))
            assert len(told) == (meld.index["dialogue"] == told["dialogue"].iloc[0]).sum()
        seen += batch.rows.tolist()
    assert len(seen) == 2 * (meld.index["split"] == "train").sum()


def test_speakers_are_numbered_as_they_come_in(meld: Store) -> None:
    for batch in batches_of(meld, "dev").sequential():
        counts = batch.inputs["dialogues"].tolist()
        for rows, codes in zip(
            np.split(batch.rows, np.cumsum(counts)[:-1]), batch.inputs["speakers"].split(counts), strict=True
        ):
            names = meld.index["speaker"].iloc[rows].tolist()
            assert codes.tolist() == [list(dict.fromkeys(names)).index(name) for name in names]


def test_what_is_not_there_is_absent_and_not_quiet(meld: Store) -> None:
    batches = batches_of(meld, "test")
    for batch in batches.sequential():
        told = meld.index.iloc[batch.rows]
        heard, read = batch.inputs["present"].T.tolist()
        assert heard == (told["state"] == "ok").tolist()
        assert read == (told["text"] != "").tolist()
        absent = ~batch.inputs["present"][:, 0]
        assert not batch.inputs["features"][absent].any()
        assert (batch.inputs["lengths"][absent] == 1).all()
        assert (batch.inputs["tokens"][~batch.inputs["present"][:, 1], 0] == UNKNOWN).all()
    batches.inputs.drop_modality("text")
    for batch in batches.sequential():
        assert not batch.inputs["present"][:, 1].any()
        assert (batch.inputs["tokens"] == UNKNOWN).all()


def test_seed_and_epoch_alone_say_what_comes(meld: Store) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [int(row) for batch in batches_of(meld, "train").epoch(seed, epoch) for row in batch.rows]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)


def test_rows_without_a_dialogue_are_one_each() -> None:
    assert [places.tolist() for places in places_of_dialogues(pd.DataFrame({"x": [1, 2]}))] == [[0], [1]]


def test_words_are_learnt_from_train_alone(run: Path, meld: Store) -> None:
    spec = load_network(run)[1]
    assert {"damn", "alas", "trainword"} <= set(spec.vocabulary)
    assert not {"devword", "testword"} & set(spec.vocabulary)
    assert spec.inputs == "text"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["fold_runs"][0]["figures"]["dev_weighted_f1"] > 0.9


def test_every_row_is_scored_by_dialogue(run: Path, meld: Store, tmp_path: Path) -> None:
    done = evaluate(run, out=tmp_path / "evaluation", audio=False)
    rows = meld.index[meld.index["split"] == "test"]
    assert done.metrics["pooled"]["n"] == len(rows)
    assert done.metrics["unusable"] == {}
    assert (done.metrics["group"], done.metrics["headline"]) == ("dialogue", "weighted_f1")
    assert done.metrics["counts"]["dialogues"] == SIZES["test"]
    assert done.metrics["pooled"]["weighted_f1"] > 0.8
    (split,) = done.metrics["splits"]
    assert (split["shared_dialogues"], split["shared_speakers"]) == (0, ["Joey", "Ross"])
    page = (tmp_path / "evaluation" / "report.html").read_text()
    assert "scores are too high" not in page
    assert "in dialogues that are not in its training data (the speakers are)" in page


@pytest.mark.parametrize("name", ["text_lstm", "fusion"])
def test_single_utterances(meld: Store, tmp_path: Path, name: str) -> None:
    options = TINY_TEXT if name == "text_lstm" else {}
    inputs = "text" if name == "text_lstm" else "both"
    asked = recipe(
        data={"inputs": inputs}, network={"name": name, "options": options}, training={"epochs": 2}
    )
    done = evaluate(
        train(asked, store=meld, out=tmp_path / "run").folder, out=tmp_path / "evaluation", audio=False
    )
    assert done.metrics["pooled"]["n"] == (meld.index["split"] == "test").sum()
    assert set(done.metrics["without"]) == ({"sound", "text"} if name == "fusion" else set())


def test_sound_alone_answers_what_is_commonest_where_there_is_none(meld: Store, tmp_path: Path) -> None:
    asked = recipe(data={"inputs": "sound"}, network=TINY_SOUND, training={"epochs": 1})
    done = evaluate(
        train(asked, store=meld, out=tmp_path / "run").folder, out=tmp_path / "evaluation", audio=False
    )
    table = pd.read_csv(done.folder / "predictions.csv", keep_default_na=False)
    assert len(table) == (meld.index["split"] == "test").sum()
    train_part = meld.index.loc[meld.index["split"] == "train", "emotion"].value_counts(normalize=True)
    silent = table[table["state"] == "missing"]
    assert len(silent) > 0
    for label in WORDS:
        np.testing.assert_allclose(silent[f"score_{label}"], train_part[label], atol=1e-6)


def test_predicting_without_torch_answers_as_the_network(run: Path, meld: Store) -> None:
    network, spec = load_network(run)
    index = meld.index[meld.index["dialogue"] == "test/0"].sort_values("rank")
    said = [
        Utterance(name=row.id, text=row.text, dialogue=row.dialogue, speaker=row.speaker)
        for row in index.itertuples()
    ]
    answers = list(load_model(run).predict_utterances(said))
    inputs = Inputs.of_spec(meld, spec, takes=network.takes)
    batches = DialogueBatches(
        meld, index.index.to_numpy(), np.zeros((len(index), 3), "f"), size=1, inputs=inputs
    )
    (batch,) = batches.sequential()
    with torch.inference_mode():
        expected = (network(**batch.inputs) / spec.temperature).softmax(1).numpy()
    for answer, row, text in zip(answers, expected, index["text"], strict=True):
        scores = [answer.scores[label] for label in spec.labels] if text else row
        np.testing.assert_allclose(scores, row, atol=1e-4)


def test_the_prior_is_part_of_the_graph(meld: Store, tmp_path: Path) -> None:
    shifted = train(
        recipe(training={"epochs": 1, "logit_adjustment": [0.5]}), store=meld, out=tmp_path / "run"
    ).folder
    spec = load_network(shifted)[1]
    shares = meld.index.loc[meld.index["split"] == "train", "emotion"].value_counts(normalize=True)
    np.testing.assert_allclose(spec.shift, [-0.5 * np.log(shares[label]) for label in spec.labels], atol=1e-5)
    done = evaluate(shifted, out=tmp_path / "evaluation", audio=False)
    table = pd.read_csv(done.folder / "predictions.csv", keep_default_na=False)
    row = table[table["text"] != ""].iloc[0]
    whole = table[table["dialogue"] == row["dialogue"]].sort_values("rank")
    speakers = meld.index.set_index("source").loc[whole["source"], "speaker"]
    said = [
        Utterance(name=str(n), text=text, dialogue="d", speaker=speaker)
        for n, (text, speaker) in enumerate(zip(whole["text"], speakers, strict=True))
    ]
    answers = list(load_model(shifted).predict_utterances(said))
    for answer, told in zip(answers, whole.to_dict("records"), strict=True):
        if told["text"]:
            assert answer.scores[told["predicted"]] == pytest.approx(told["confidence"], abs=1e-4)


def test_resuming_repeats_the_unbroken_run(meld: Store, run: Path, tmp_path: Path) -> None:
    again = train(recipe(), store=meld, out=tmp_path / "again").folder
    first, second = (load_network(folder)[0].state_dict() for folder in (run, again))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_does_not_fit_is_said(meld: Store, store: Store, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"needs vocabulary.*data\.inputs"):
        train(recipe(data={"inputs": "sound"}, network={"name": "text_lstm"}), store=meld, out=tmp_path / "a")
    with pytest.raises(CorpusError, match="no column text"):
        train(recipe(data={"split": "grouped-3", "fold": 1}), store=store, out=tmp_path / "b")
    asked = recipe(training={"sampler": "balanced"})
    with pytest.raises(RecipeError, match="balanced"):
        train(asked, store=meld, out=tmp_path / "c")


def test_the_graph_takes_what_the_contract_says(run: Path) -> None:
    session = onnxruntime.InferenceSession(run / "model" / "model.onnx")
    assert [given.name for given in session.get_inputs()] == [
        "tokens",
        "token_lengths",
        "dialogues",
        "speakers",
    ]
