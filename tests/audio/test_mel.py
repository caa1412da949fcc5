import numpy as np
import pytest

from serenade.audio.front_end import CREMAD_SEED, WHISPER, FrontEnd
from serenade.audio.mel import band_blocks, mel_filters

librosa = pytest.importorskip("librosa", reason="golden values come from librosa")


@pytest.mark.parametrize(
    "front_end",
    [
        CREMAD_SEED,
        WHISPER,
        FrontEnd(n_fft=512, mel_scale="htk", mel_norm="none", fmin_hz=20, fmax_hz=7600),
        FrontEnd(rate_hz=22050, n_fft=551, n_mels=40, mel_scale="htk", fmax_hz=11025),
        FrontEnd(rate_hz=8000, n_fft=200, n_mels=23, mel_norm="none", fmax_hz=4000),
    ],
)
def test_filters_equal_librosa(front_end):
    golden = librosa.filters.mel(
        sr=front_end.rate_hz,
        n_fft=front_end.n_fft,
        n_mels=front_end.n_mels,
        fmin=front_end.fmin_hz,
        fmax=front_end.fmax_hz,
        htk=front_end.mel_scale == "htk",
        norm=None if front_end.mel_norm == "none" else "slaney",
    )
    filters = mel_filters(front_end)
    assert filters.dtype == np.float32
    np.testing.assert_allclose(filters, golden, rtol=2e-6, atol=1e-9)


def test_filters_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        mel_filters(WHISPER)[0, 0] = 1


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("repeat", [1, 2])
def test_blocks_give_the_same_as_the_whole_bank(repeat):
    # 128 bands on 200 samples: some bands are empty.
    filters = mel_filters(FrontEnd(n_fft=200))
    bins = np.random.default_rng(0).random((5, filters.shape[1] * repeat), dtype=np.float32)
    out = np.full((5, len(filters)), np.nan, dtype=np.float32)
    for columns, bands, weights in band_blocks(filters, repeat=repeat):
        out[:, bands] = bins[:, columns] @ weights
    np.testing.assert_allclose(out, bins @ filters.repeat(repeat, axis=1).T, rtol=1e-5, atol=1e-8)
