from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.layers.time_stretch import time_stretch
from serenade.networks.registry import NETWORKS

SPEEDS = [0.92, 1.0, 1.08]


def test_it_is_small():
    parameters = NETWORKS["compact"].count_parameters()
    assert parameters is not None
    assert 200_000 <= parameters <= 1_000_000


def test_the_last_frame_has_an_influence():
    network = create_network("compact", n_mels=128, n_classes=6).eval()
    clip = torch.randn(1, 128, 48)
    changed = clip.clone()
    changed[..., -1] += 50
    lengths = torch.tensor([48])
    assert (network(clip, lengths) - network(changed, lengths)).abs().max() > 1e-6


def test_speeds_are_averaged_in_evaluation_only():
    torch.manual_seed(0)
    network = create_network("compact", n_mels=64, n_classes=6, dropout=0.0, tta_speeds=SPEEDS).eval()
    clip, lengths = torch.randn(2, 64, 40), torch.tensor([40, 23])
    plain = create_network("compact", n_mels=64, n_classes=6, dropout=0.0).eval()
    plain.load_state_dict(network.state_dict())
    each = [plain(*time_stretch(clip, lengths, speed)).log_softmax(-1) for speed in SPEEDS]
    torch.testing.assert_close(network(clip, lengths), sum(each) / 3)
    assert torch.equal(network.train()(clip, lengths), plain.train()(clip, lengths))


def test_padding_never_changes_a_logit_at_other_speeds():
    torch.manual_seed(0)
    network = create_network("compact", n_mels=64, n_classes=6, tta_speeds=SPEEDS).eval()
    batch, lengths = torch.randn(4, 64, 60), torch.tensor([60, 1, 17, 33])
    each = [network(clip[None, :, :n], n[None]) for clip, n in zip(batch, lengths, strict=True)]
    together = network(batch, lengths)
    assert (together - torch.cat(each)).abs().max() < 0.03 * together.std(0).max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stem": 8}, "at least 16, not 8"),
        ({"widths": [16, 20, 24]}, "at least 16, not 20"),
        ({"widths": [16]}, r"widths must be 3 numbers, not \[16\]"),
        ({"dropout": 3.0}, "cannot be built"),
        ({"tta_speeds": []}, r"tta_speeds must be 1 to 16 numbers from 0\.25 to 4\.0"),
        (
            {"tta_speeds": [1.0, 0.0]},
            r"tta_speeds must be 1 to 16 numbers from 0\.25 to 4\.0, not \[1\.0, 0\.0\]",
        ),
    ],
)
def test_impossible_options(options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        create_network("compact", n_mels=64, n_classes=3, **options)
