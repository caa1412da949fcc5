"""Every recipe that is published runs: one epoch of a few clips, with its own network, split and options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.audio.front_end import WAVEFORM, FrontEnd
from serenade.corpora.splits.tfds import SPEAKERS
from serenade.features.store import Store, write_store
from serenade.networks.weights import load_network
from serenade.training.recipe import load_recipe
from serenade.training.run import train

FOLDER = Path(__file__).parents[1] / "recipes"
RECIPES = sorted(file for file in FOLDER.glob("*.toml") if "[training]" in file.read_text())
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")


def tiny_store(folder: Path, corpus: str, front_end: FrontEnd, emotions: tuple[str, ...] = EMOTIONS) -> Store:
    """Two clips of each emotion and speaker, the speakers such that every split has all its parts."""
    if corpus == "cremad":
        speakers = [sorted(SPEAKERS[part])[place] for part in ("train", "dev") for place in (0, 1, 2)]
    else:
        speakers = [f"{number:02}" for number in range(1, 21, 2)]
    rows = pd.DataFrame(
        [
            {"id": f"{speaker}_{emotion}_{take}", "emotion": emotion, "speaker": speaker, "frames": 24}
            for speaker in speakers
            for emotion in emotions
            for take in range(2)
        ]
    )
    rows = rows.assign(
        file=rows["id"],
        source=rows["id"],
        sha256=rows["id"],
        corpus=corpus,
        sex="",
        start=np.nan,
        end=np.nan,
        sentence=[f"{number % 3}" for number in range(len(rows))],
    )
    for emotion in emotions:
        rows[f"emotion_{emotion}"] = (rows["emotion"] == emotion).astype(float)
    if corpus == "meld":
        # A dialogue a speaker; the first utterance of each has no clip, the second no words.
        rank = rows.groupby("speaker").cumcount()
        number = rows["speaker"].astype(int) // 2
        split = number.map(lambda n: ("train", "train", "dev")[n % 3])
        rows = rows.assign(
            split=split,
            dialogue=split + "/" + number.astype(str),
            rank=rank,
            text=np.where(rank == 1, "", "so this is " + rows["emotion"] + ", is it?"),
            state=np.where(rank == 0, "missing", "ok"),
            frames=np.where(rank == 0, 0, 24),
        )
    rng = np.random.default_rng(0)
    blocks = (rng.uniform(-80, 0, (frames, front_end.n_mels)).astype(np.float32) for frames in rows["frames"])
    return write_store(folder, blocks, rows, front_end=front_end)


def with_encoders(request, count: int) -> list[str]:
    """Changes that put a small made encoder in the place of each of a recipe's."""
    made = str(request.getfixturevalue("made_encoder"))
    return [f"text.encoder={[made] * count}", "text.layers=[1, 2]"]


@pytest.mark.parametrize("file", RECIPES, ids=[file.stem for file in RECIPES])
def test_recipe_runs(file, tmp_path, request):
    corpus = file.stem.partition("_")[0]
    small = ["training.epochs=1", "training.seeds=[0]", "store.variants=0", "store.noisy_copies=0"]
    if load_recipe(file).data.split.startswith(("grouped", "mixed", "actors", "one-speaker")):
        small.append("data.fold=1")
    if encoders := load_recipe(file).text.encoder:
        small += with_encoders(request, len(encoders))
    learns = [f"text.trainable_layers={min(1, load_recipe(file).text.trainable_layers)}"]
    if load_recipe(file).network.name == "encoder":
        tiny = request.getfixturevalue("tiny_whisper")
        if load_recipe(file).store.front_end == WAVEFORM:
            tiny = request.getfixturevalue("tiny_encoder")("wavlm")
        small += [
            f"network.options.encoder={tiny}",
            "network.options.last_layer=3",
        ]
    store = tiny_store(
        tmp_path / "store",
        corpus,
        load_recipe(file).store.front_end or FrontEnd(),
        load_recipe(file).data.labels or EMOTIONS,
    )
    if name := Path(load_recipe(file).data.distill_from).name:
        teacher = load_recipe(FOLDER / f"{name}.toml", changes=small + with_encoders(request, 2))
        hints = min(2, load_recipe(file).data.distill_features)
        small += [
            f"data.distill_from={train(teacher, store=store, out=tmp_path / name).folder}",
            f"data.distill_features={hints}",
        ]
    run = train(load_recipe(file, changes=small + learns), store=store, out=tmp_path / "run").folder
    network, spec = load_network(run)
    # An encoder that learnt on is not written as ONNX, and stands in the Spec.
    assert (run / "model" / "model.onnx").exists() == network.exports == ("pretrained" not in spec.sizes)


@pytest.mark.parametrize(
    ("name", "other"), [("meld_fusion", "fusion.late"), ("meld_audio", "spectrogram_cnn")]
)
def test_the_other_network_that_a_recipe_names_runs_too(name, other, tmp_path):
    file = FOLDER / f"{name}.toml"
    assert f"--set network.name={other}" in file.read_text()
    small = [f"network.name={other}", "training.epochs=1", "training.seeds=[0]"]
    run = train(
        load_recipe(file, changes=small),
        store=tiny_store(tmp_path / "store", "meld", FrontEnd()),
        out=tmp_path / "run",
    ).folder
    assert (run / "model" / "model.onnx").exists()
