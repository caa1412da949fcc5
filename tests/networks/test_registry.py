"""What every registered network promises: padding has no influence, every weight is used, ONNX agrees."""

from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.registry import NETWORKS, SIZES, NetworkEntry, register_network
from serenade.spec import CONTEXTS

DIALOGUES = [3, 1, 2]


def test_padding_never_changes_a_logit(example, inputs_for, alone, zero_padding):
    """Random padding, zero padding, and each dialogue (each clip) alone give the same logits."""
    inputs = inputs_for(example, DIALOGUES)
    with torch.no_grad():
        together = example(**inputs)
        zeros = example(**zero_padding(inputs))
        dialogues = DIALOGUES if "dialogues" in example.takes else [1] * sum(DIALOGUES)
        each = torch.cat([example(**alone(inputs, dialogues, number)) for number in range(len(dialogues))])
    # Untrained networks have logits that differ little between clips.
    tolerance = 0.03 * together.std(0).max()
    assert (together - zeros).abs().max() < tolerance
    assert (together - each).abs().max() < tolerance


def test_every_weight_is_trained(example, inputs_for):
    example.train()(**inputs_for(example, DIALOGUES)).square().sum().backward()
    unused = [
        name for name, weight in example.named_parameters() if weight.requires_grad and weight.grad is None
    ]
    assert not unused


def test_the_context_is_what_it_says(example, inputs_for):
    """Which logits change with the last utterance of a dialogue."""
    inputs = inputs_for(example, [4])
    changed = {name: tensor.clone() for name, tensor in inputs.items()}
    for name in ("features", "text_vectors", "audio_vectors", "statistics"):
        if name in changed:
            changed[name][3] = -2 * changed[name][3] + 1
    if "tokens" in changed:
        changed["tokens"][3] = changed["tokens"][3] % 9 + 2
    with torch.no_grad():
        moved = (example(**inputs) - example(**changed)).abs().amax(1) > 1e-6
    assert moved[3]
    assert moved[:3].any() == (example.context == "all")
    assert example.context in CONTEXTS


def test_onnx_agrees(example, inputs_for, through_onnx):
    if not example.exports:
        pytest.skip("runs a pretrained encoder, and is not exported")
    session = through_onnx(example, **inputs_for(example, [2, 2]))
    for dialogues in ([1], [3, 1, 2]):
        inputs = inputs_for(example, dialogues)
        with torch.no_grad():
            expected = example(**inputs)
        torch.testing.assert_close(session(**inputs), expected, atol=1e-3, rtol=1e-3)


def test_weights_for_special_optimisers_are_its_own(example):
    own = {id(weight) for weight in example.parameters()}
    assert {id(weight) for weight in example.muon_weights()} <= own
    assert all(weight.ndim >= 2 for weight in example.muon_weights())
    assert {id(weight) for weight in example.pretrained_weights()} <= own


@pytest.mark.parametrize("name", NETWORKS)
def test_an_entry_describes_itself(name):
    entry = NETWORKS[name]
    assert entry.name == name
    assert entry.summary.endswith(".")
    assert len(entry.summary) < 110
    assert set(entry.sizes) <= set(SIZES)
    parameters = entry.count_parameters()
    assert parameters is None or parameters > 1_000


def test_unknown_network_names_the_nearest():
    with pytest.raises(RecipeError, match=r"did you mean 'compact'"):
        create_network("compat", n_mels=64, n_classes=6)


def test_unknown_option_is_an_error():
    with pytest.raises(RecipeError, match="cannot be built"):
        create_network("compact", n_mels=64, n_classes=6, depth=4)


def test_a_missing_size_is_named():
    with pytest.raises(RecipeError, match=r"needs vocabulary.*data\.inputs"):
        create_network("text_lstm", n_mels=128, n_classes=7)


def test_a_network_on_arrays_alone_says_so():
    with pytest.raises(RecipeError, match=r"needs audio_width.*arrays of audio vectors only"):
        create_network("audio_cnn.original", n_mels=128, n_classes=7)


def test_a_name_is_registered_once():
    assert isinstance(NETWORKS["compact"], NetworkEntry)
    with pytest.raises(ValueError, match="two entries for network 'compact'"):
        register_network("compact")(lambda **_: None)
