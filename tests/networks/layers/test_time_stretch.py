from __future__ import annotations

import torch

from serenade.networks.layers.time_stretch import time_stretch


def test_frames_are_interpolated_and_the_last_frame_is_held():
    frames = torch.arange(1.0, 8.0)[None, None].expand(2, 3, 7)
    faster, lengths = time_stretch(frames, torch.tensor([7, 2]), 1.08)
    assert lengths.tolist() == [7, 2]
    torch.testing.assert_close(faster[0, 0], (1 + 1.08 * torch.arange(7.0)).clamp(max=7.0))
    assert faster[1, 0].tolist() == [1.0, 2.0, 0, 0, 0, 0, 0]
    assert time_stretch(frames, torch.tensor([7, 1]), 0.92)[1].tolist() == [8, 2]


def test_speed_1_changes_nothing():
    frames = torch.randn(2, 3, 7)
    same, lengths = time_stretch(frames, torch.tensor([7, 7]), 1.0)
    assert torch.equal(same, frames)
    assert lengths.tolist() == [7, 7]
