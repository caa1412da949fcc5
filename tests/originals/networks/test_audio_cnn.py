"""The networks on audio vectors: parameters as Keras counts them, layer by layer, and padding-free inputs."""

from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.originals.networks.keras import keras_count


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="1-D CNN on audio vectors: `model.summary()`",
    verdict="equal",
    note="`audio_cnn.original`: 166,919 parameters, 166,023 trainable; 24,704 and 98,560 in the second and "
    "third convolution.",
)
def test_the_cnn_has_as_many_parameters_as_keras_counts():
    network = create_network("audio_cnn.original", audio_width=300, n_classes=7)
    count = keras_count(network)
    assert (count.total, count.trainable) == (166_919, 166_023)
    layers = (*network.convolve.convolutions, network.dense1, network.dense2, network.classify)
    assert [keras_count(layer).total for layer in layers] == [256, 24_704, 98_560, 32_896, 8_256, 455]


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="fusion with audio vectors: `model.summary()`",
    verdict="equal",
    note="`fusion_vectors.original`: 619,783 parameters, 618,247 trainable.",
)
def test_the_fusion_has_as_many_parameters_as_keras_counts():
    network = create_network("fusion_vectors.original", audio_width=300, text_width=600, n_classes=7)
    count = keras_count(network)
    assert (count.total, count.trainable) == (619_783, 618_247)


@pytest.mark.fidelity(
    system="final_code.ipynb",
    output="1-D CNN on audio vectors: shapes of the layers",
    verdict="equal",
    note="300 features become 150, 75 and 37, then their mean.",
)
def test_shapes_of_the_layers():
    network = create_network("audio_cnn.original", audio_width=300, n_classes=7).eval()
    shapes = []
    for layer in network.convolve.drops:
        layer.register_forward_hook(lambda _module, _inputs, maps: shapes.append(tuple(maps.shape[1:])))
    assert network(torch.randn(2, 300)).shape == (2, 7)
    assert shapes == [(64, 150), (128, 75), (256, 37)]


def test_a_vector_that_is_too_short_is_named():
    with pytest.raises(RecipeError, match="at least 8 features, not 7"):
        create_network("audio_cnn.original", audio_width=7, n_classes=7)
