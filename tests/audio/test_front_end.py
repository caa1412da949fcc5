import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serenade.audio.front_end import CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd
from serenade.errors import RecipeError

PACKED_CREMAD = {
    "rate_hz": 22050,
    "max_duration_s": 3.0,
    "n_fft": 2048,
    "hop": 512,
    "window": "hann",
    "center": True,
    "n_mels": 128,
    "mel_scale": "slaney",
    "fmin_hz": 0,
    "fmax_hz": 11025,
    "power": 2.0,
    "db_ref": "max",
    "top_db": 80,
}


def test_the_front_end_of_the_packed_spectrograms_is_read():
    front_end = FrontEnd.from_dict(json.loads(json.dumps(PACKED_CREMAD)))
    assert (front_end.rate_hz, front_end.top_db, front_end.fmax_hz) == (22050, 80.0, 11025.0)
    assert front_end.scale == "db"


@pytest.mark.parametrize("front_end", [CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd(top_db=None)])
def test_it_survives_json(front_end):
    again = FrontEnd.from_dict(json.loads(json.dumps(front_end.to_dict())))
    assert again == front_end
    assert again.hash == front_end.hash


def test_the_hash_differs_between_front_ends_and_not_between_int_and_float():
    assert FrontEnd(top_db=80, fmax_hz=8000).hash == FrontEnd().hash
    assert len({fe.hash for fe in (CREMAD_SEED, MELD_SEED, WHISPER, FrontEnd())}) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hopp": 1}, "'hop'"),
        ({"hop": 0}, "hop"),
        ({"hop": 1.5}, "whole"),
        ({"hop": "many"}, "number"),
        ({"n_fft": 1}, "n_fft"),
        ({"center": 1}, "true or false"),
        ({"mel_scale": "bark"}, "slaney, htk"),
        ({"window": "kaiser"}, "hann"),
        ({"fmax_hz": 9000}, "half of rate_hz"),
        ({"fmin_hz": -1}, "fmin_hz"),
        ({"power": 3}, "power"),
        ({"top_db": -80}, "top_db"),
        ({"max_duration_s": 0}, "max_duration_s"),
        ({"fmax_hz": float("nan")}, "fmax_hz"),
        ({"rate_hz": 1e308}, "'rate_hz' must be between"),
        ({"rate_hz": 10**9}, "'rate_hz' must be between"),
        ({"rate_hz": 10**400}, "'rate_hz' must be between"),
        ({"n_fft": 10**9}, "n_fft"),
        ({"n_mels": 10**9}, "n_mels"),
        ({"n_fft": 32_768, "hop": 1}, "n_fft must be at most 64 times hop"),
        ({"max_duration_s": 1e9}, "max_duration_s"),
        ({"top_db": float("inf")}, "top_db"),
    ],
)
def test_values_out_of_range_are_refused(change, message):
    with pytest.raises(RecipeError, match=message):
        FrontEnd.from_dict(change)


@given(
    n=st.integers(0, 10**7),
    n_fft=st.integers(2, 4096),
    hop=st.integers(64, 4096),
    center=st.booleans(),
    scale=st.sampled_from(["db", "whisper"]),
)
def test_the_number_of_frames_is_at_least_one_and_grows_with_the_length(n, n_fft, hop, center, scale):
    front_end = FrontEnd(n_fft=n_fft, hop=hop, center=center, scale=scale)
    assert 1 <= front_end.frames(n) <= front_end.frames(n + 1) <= front_end.frames(n) + 1
