"""What every registered network promises: padding is not heard, names are checked, sizes are known."""

from __future__ import annotations

import pytest
import torch

from serenade.errors import RecipeError
from serenade.networks import create_network
from serenade.networks.layers.masking import frame_mask, in_order, reversal
from serenade.networks.layers.tempo import at_tempo
from serenade.networks.registry import NETWORKS, register_network

SOUND_NETWORKS = ("cnn_lstm", "cnn_lstm.original", "compact", "spectrogram_cnn")
"""Those that take sound alone; the others have test files of their own."""


TEMPI = {"tempi_percent": [92, 100, 108]}


@pytest.fixture(params=[*((name, {}) for name in SOUND_NETWORKS), ("compact", TEMPI)], ids=str)
def network(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    name, options = request.param
    module = create_network(name, n_mels=128, n_classes=6, **options)
    # Running statistics that are not 0 and 1, so that a missing mask would show.
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
                part.bias.normal_()
    return module.eval()


def test_padding_never_changes_a_logit(network):
    """Alone, in a padded batch, and with rubbish in the padding: the same logits."""
    lengths = torch.tensor([101, 1, 16, 33])
    clips = [torch.randn(128, int(n)) for n in lengths]
    alone = torch.cat([network(clip[None], torch.tensor([clip.shape[1]])) for clip in clips])
    batch = 100 * torch.randn(len(clips), 128, 130)
    for row, clip in zip(batch, clips, strict=True):
        row[:, : clip.shape[1]] = clip
    together = network(batch, lengths)
    # Untrained logits differ little between clips: padding must matter far less than that.
    assert (together - alone).abs().max() < 0.03 * alone.std(0).max()


def test_every_frame_counts(network):
    """A change in the last valid frame changes the logits: the masks do not cut too much."""
    clip = torch.randn(1, 128, 48)
    changed = clip.clone()
    changed[..., -1] += 50
    lengths = torch.tensor([48])
    assert (network(clip, lengths) - network(changed, lengths)).abs().max() > 1e-6


def test_tempo_moves_frames_in_whole_numbers():
    """As reading the clip between its frames would; a frame of it is never lost, and its end is held."""
    frames = torch.arange(1.0, 8.0)[None, None].expand(2, 3, 7)
    heard, lengths = at_tempo(frames, torch.tensor([7, 2]), 108)
    assert lengths.tolist() == [7, 2]
    torch.testing.assert_close(heard[0, 0], (1 + 1.08 * torch.arange(7.0)).clamp(max=7.0))
    assert heard[1, 0].tolist() == [1.0, 2.0, 0, 0, 0, 0, 0]
    same, lengths = at_tempo(frames, torch.tensor([7, 7]), 100)
    assert torch.equal(same, frames)
    assert at_tempo(frames, torch.tensor([7, 1]), 92)[1].tolist() == [8, 2]


def test_tempi_are_averaged_only_once_learnt():
    torch.manual_seed(0)
    network = create_network("compact", n_mels=64, n_classes=6, dropout=0.0, **TEMPI).eval()
    clip, lengths = torch.randn(2, 64, 40), torch.tensor([40, 23])
    answers = [
        network._judge(*at_tempo(clip, lengths, percent)).log_softmax(-1) for percent in (92, 100, 108)
    ]
    torch.testing.assert_close(network(clip, lengths), sum(answers) / 3)
    network.tempi_percent = (100,)
    plain = network.train()(clip, lengths)
    network.tempi_percent = (92, 100, 108)
    assert torch.equal(network(clip, lengths), plain)


def test_parameter_counts():
    count = {
        name: sum(p.numel() for p in create_network(name, n_mels=128, n_classes=6).parameters())
        for name in SOUND_NETWORKS
    }
    assert count["cnn_lstm.original"] == 41_155_206
    assert 200_000 <= count["compact"] <= 1_000_000


def test_original_state_dict_names():
    network = create_network("cnn_lstm.original", n_mels=128, n_classes=6)
    names = {name.split(".")[0] for name in network.state_dict()}
    blocks = {f"{kind}{block}{part}" for block in (2, 3, 4) for kind in ("conv", "bn") for part in "ab"}
    shortcuts = {f"conv{block}_shortcut" for block in (2, 3, 4)}
    head = {"lstm", "attention", "fc1", "bn_fc1", "fc2", "bn_fc2", "fc3"}
    assert names == {"conv1", "bn1"} | blocks | shortcuts | head


def test_recurrence_and_attention_equal_torch_modules():
    """Written out for export, yet the same as nn.LSTM on packed sequences and nn.MultiheadAttention."""
    torch.manual_seed(1)
    network = create_network("cnn_lstm", n_mels=16, n_classes=6).eval()
    steps = torch.tensor([7, 3])
    sequence = torch.randn(2, 7, 512) * frame_mask(steps, 7)[..., None]
    packed = torch.nn.utils.rnn.pack_padded_sequence(sequence, steps, batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(network.lstm(packed)[0], batch_first=True)
    mask = frame_mask(steps, 7)
    ours = network._recur(sequence, mask)
    torch.testing.assert_close(ours[mask], expected[mask], atol=1e-5, rtol=1e-4)
    attended, _ = network.attention(expected, expected, expected, key_padding_mask=~mask)
    torch.testing.assert_close(network._attend(expected, mask)[mask], attended[mask], atol=1e-5, rtol=1e-4)


def test_reversal_is_its_own_inverse():
    steps, order = torch.randn(3, 9, 2), reversal(frame_mask(torch.tensor([9, 1, 4]), 9))
    assert torch.equal(in_order(steps, order)[0], steps[0].flip(0))
    assert torch.equal(in_order(in_order(steps, order), order), steps)


def test_unknown_network_names_the_nearest():
    with pytest.raises(RecipeError, match=r"did you mean 'compact'"):
        create_network("compat", n_mels=64, n_classes=6)


def test_unknown_option_is_an_error():
    with pytest.raises(RecipeError, match="cannot be built"):
        create_network("compact", n_mels=64, n_classes=6, depth=4)


def test_two_networks_of_one_name():
    assert "compact" in NETWORKS
    with pytest.raises(ValueError, match="two entries for network 'compact'"):
        register_network("compact")(lambda **_: None)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"stem": 8}, "16 at least, not 8"),
        ({"widths": [16, 20, 24]}, "16 at least, not 20"),
        ({"widths": [16]}, "cannot be built"),
        ({"dropout": 3.0}, "cannot be built"),
        ({"tempi_percent": []}, "above 0"),
        ({"tempi_percent": [100, 0]}, r"above 0, not \[100, 0\]"),
    ],
)
def test_options_of_compact_that_cannot_be(options: dict, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        create_network("compact", n_mels=64, n_classes=3, **options)
