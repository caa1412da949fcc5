"""Truncated and mutated uploads in every container of the benchmark."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
UPLOADS = 200


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return runpy.run_path(str(BENCHMARKS / "service_fuzz.py"))


def test_damaged_uploads_are_answered(client, fuzz, toy, tmp_path):
    sound = toy.voice(1.0, rate_hz=fuzz["RATE_HZ"]).astype(np.float32)
    files = {
        suffix: fuzz["write"](tmp_path / f"a.{suffix}", sound, codec)
        for suffix, codec in fuzz["CONTAINERS"].items()
    }
    rng, statuses = np.random.default_rng(0), {}
    for number in range(UPLOADS):
        suffix = list(files)[number % len(files)]
        content = fuzz["mutated"](files[suffix], rng)
        response = client.post("/v1/predict", files=[("files", (f"a.{suffix}", content))])
        statuses.setdefault(response.status_code, []).append((number, suffix, response.text))
    assert set(statuses) <= {200, 413, 415, 422}, [statuses[code][0] for code in statuses if code >= 500]
    assert len(statuses[200]) > UPLOADS / 3
    assert len(statuses[415]) > UPLOADS / 10
    assert "serenade_worker_restarts 0.0" in client.get("/metrics").text
