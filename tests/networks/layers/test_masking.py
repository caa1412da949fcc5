from __future__ import annotations

import torch

from serenade.networks.layers.masking import frame_mask, gather_frames, reversal


def test_reversal_is_its_own_inverse():
    steps, order = torch.randn(3, 9, 2), reversal(frame_mask(torch.tensor([9, 1, 4]), 9))
    assert torch.equal(gather_frames(steps, order)[0], steps[0].flip(0))
    assert torch.equal(gather_frames(gather_frames(steps, order), order), steps)
