"""Recordings of any container, made in the test."""

from __future__ import annotations

import numpy as np
import pytest

av = pytest.importorskip("av")


def _encode(
    path, codec, tracks, rate_hz, *, layout="mono", format=None, options=None, codec_options=None, tags=()
):
    """Write mono tracks [shape=(n,)], or one track [shape=(channels, n)], of float32 with FFmpeg."""
    with av.open(str(path), "w", format=format, options=options or {}) as container:
        container.metadata.update(tags)
        for _ in tracks:
            stream = container.add_stream(codec, rate=rate_hz, layout=layout, options=codec_options or {})
            stream.bit_rate = 128_000
        for stream, samples in zip(container.streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(np.atleast_2d(samples), np.float32), format="fltp", layout=layout
            )
            frame.sample_rate = rate_hz
            convert = av.AudioResampler(
                format=stream.codec_context.format,
                layout=layout,
                rate=rate_hz,
                frame_size=stream.codec_context.frame_size or 1024,
            )
            for part in convert.resample(frame) + convert.resample(None):
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))


@pytest.fixture(scope="session")
def encode():
    return _encode


@pytest.fixture(scope="session")
def babble():
    """Four seconds at 16 kHz whose spectrum and level change as those of speech do."""
    rng = np.random.default_rng(0)
    at_s = np.arange(64_000) / 16_000
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * at_s)) / 16_000
    voice = sum(np.sin(k * phase) / k for k in range(1, 20)) + 0.1 * rng.standard_normal(len(at_s))
    return (0.1 * voice * (0.2 + np.abs(np.sin(2 * np.pi * 2 * at_s)))).astype(np.float32)
