"""Encoders that take the sound itself, each with a tiny random configuration."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from serenade import evaluate, load_model, load_recipe, prepare, train
from serenade.audio.front_end import WAVEFORM
from serenade.audio.logmel import log_mel
from serenade.encoders.speech import SpeechEncoder
from serenade.encoders.waveform import MODEL_TYPES, waveform_size
from serenade.errors import ModelError
from serenade.folders import RunFolder
from serenade.schema import SchemaError

LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
"""What large encoders do in another way."""
KINDS = [(kind, {}) for kind in MODEL_TYPES] + [("wav2vec2", LARGE), ("wavlm", LARGE)]
RECIPE = """
[store]
front_end = {n_fft = 320, hop = 320, center = false, n_mels = 320, scale = "waveform", normalize = "none"}
[data]
split = "grouped-2"
fold = 1
[network]
name = "encoder"
options = {encoder = "FOLDER", first_layer = 1, last_layer = 3}
[training]
epochs = 1
"""


def encoder_of(folder, **changes):
    return SpeechEncoder(
        **{"source": str(folder), "first_layer": 1, "last_layer": 2, "precision": "float32"} | changes
    )


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_states_are_those_of_transformers_and_padding_changes_none(tiny_encoder, kind, options):
    import transformers

    folder = tiny_encoder(kind, **options)
    encoder = encoder_of(folder).load().encoder
    reference = transformers.AutoModel.from_pretrained(folder).eval()
    features = torch.randn(4, 320, 60, generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([60, 7, 2, 1])
    for row, length in zip(features, lengths, strict=True):
        row[:, length:] = 5.0
    with torch.inference_mode():
        together, steps = encoder(features, lengths)
        for number, length in enumerate(lengths.tolist()):
            clip = features[number : number + 1, :, :length]
            alone, count = encoder(clip, lengths[number : number + 1])
            assert count[0] == steps[number] == max(1, length - 1)
            found = together[:, number, : steps[number]]
            torch.testing.assert_close(found, alone[:, 0, : count[0]], atol=2e-5, rtol=1e-4)
            if length > 1:
                samples = clip.transpose(1, 2).reshape(1, -1)
                expected = reference(samples, output_hidden_states=True).hidden_states
                torch.testing.assert_close(found[1], expected[2][0], atol=2e-5, rtol=1e-4)


def test_clips_are_standardised_if_the_encoder_was_trained_so(tiny_encoder):
    folder = tiny_encoder("wav2vec2", **LARGE)
    sound = torch.from_numpy(log_mel(np.sin(np.arange(8_000) / 9) + 0.3, WAVEFORM).T.copy())[None]
    length = torch.tensor([sound.shape[2]])
    with torch.inference_mode():
        plain, _ = encoder_of(folder).load().encoder(sound, length)
        (folder / "preprocessor_config.json").write_text('{"do_normalize": true}')
        encoder = encoder_of(folder).load().encoder
        found, _ = encoder(sound, length)
        louder, _ = encoder(7 * sound + 1, length)
    torch.testing.assert_close(found, louder, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(found, plain, atol=1e-2)


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_train_evaluate_export_and_predict(tiny_encoder, tmp_path, kind):
    rng = np.random.default_rng(0)
    (tmp_path / "corpus").mkdir()
    for speaker in range(1001, 1005):
        for emotion, pitch in (("ANG", 0.3), ("SAD", 0.1)):
            for sentence in ("DFA", "IEO"):
                sound = 0.3 * np.sin(pitch * np.arange(9_000 + 500 * int(rng.integers(9))))
                name = f"{speaker}_{sentence}_{emotion}_XX.wav"
                noisy = sound + 0.02 * rng.normal(size=len(sound))
                soundfile.write(tmp_path / "corpus" / name, noisy, 16_000)
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("FOLDER", str(tiny_encoder(kind))))
    recipe = load_recipe(tmp_path / "recipe.toml")
    store = prepare(tmp_path / "corpus", tmp_path / "store", front_end=recipe.store.front_end, jobs=1)
    run = train(recipe, store=store, out=tmp_path / "run").folder
    evaluation = evaluate(run, audio=False, out=tmp_path / "evaluation")
    model = load_model(RunFolder(run).model.onnx)
    with next(evaluation.folder.glob("**/predictions.csv")).open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        samples, _ = soundfile.read(tmp_path / "corpus" / f"{row['id']}.wav", dtype="float32")
        scores = model._graph.probabilities([samples])[0]
        expected = [float(row[f"score_{label}"]) for label in model.labels]
        np.testing.assert_allclose(scores, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda weights: weights.pop("encoder.layers.1.attention.k_proj.weight"),
            "has no weight encoder.layers.1",
        ),
        (lambda weights: weights["encoder.layer_norm.bias"].fill_(torch.nan), "that are not finite"),
    ],
)
def test_loading_is_strict(tiny_encoder, tmp_path, change, message):
    folder = shutil.copytree(tiny_encoder("hubert"), tmp_path / "hubert")
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=message):
        encoder_of(folder).load()


def test_too_many_layers_and_an_unknown_kind_are_one_sentence(tiny_encoder, tmp_path):
    with pytest.raises(ModelError, match="has the layers 1 to 3, so 1 to 9 cannot be used"):
        encoder_of(tiny_encoder("wavlm"), last_layer=9).load()
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="its model_type is 'bert', not whisper, wav2vec2, hubert, wavlm"):
        encoder_of(tmp_path).load()


def test_damaged_weights_are_one_sentence(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder("wav2vec2"), tmp_path / "wav2vec2")
    (folder / "model.safetensors").write_text("junk")
    with pytest.raises(ModelError, match="is not an encoder that can be loaded"):
        encoder_of(folder).load()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="is not an encoder that can be loaded"):
        encoder_of(folder).load()


@pytest.mark.parametrize(("key", "value"), [("num_attention_heads", 0), ("conv_kernel", "x")])
def test_an_impossible_configuration_is_one_sentence(tiny_encoder, tmp_path, key, value):
    folder = shutil.copytree(tiny_encoder("wav2vec2"), tmp_path / "wav2vec2")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(ModelError, match="is not an encoder that can be loaded"):
        encoder_of(folder).load()


def test_a_folder_with_the_weights_of_pytorch_alone_is_used(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder("wavlm"), tmp_path / "wavlm")
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    encoder = encoder_of(folder)
    assert len(encoder.hash) == 64
    encoder.load()


def test_true_is_no_number_of_layers_and_an_unknown_precision_is_found_at_once():
    with pytest.raises(SchemaError, match="num_hidden_layers must be numbers above 0"):
        waveform_size({"model_type": "wavlm", "hidden_size": 32, "num_hidden_layers": True})
    with pytest.raises(ModelError, match="precision must be one of float32, float16, int8, int4, not 'int5'"):
        encoder_of("anywhere", precision="int5")
