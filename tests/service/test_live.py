"""`/v1/stream`: the events of `Model.stream`, and how a connection is refused or closed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from serenade import load_model
from serenade.audio.decode import decode

URL = "ws://localhost/v1/stream"


@pytest.fixture(scope="module")
def samples(voices: list[Path]) -> np.ndarray:
    """Two utterances with a pause."""
    voice = decode(voices[3], rate_hz=16_000).samples
    whole = np.concatenate([voice, np.zeros(24_000, np.float32), voice, np.zeros(8_000, np.float32)])
    return (32_767 * whole).astype("<i2")


def events_of(client: TestClient, samples: np.ndarray, block: int) -> list[dict]:
    events = []
    with client.websocket_connect(URL) as socket:
        for start in range(0, len(samples), block):
            socket.send_bytes(samples[start : start + block].tobytes())
        socket.send_bytes(b"")
        while (message := socket.receive())["type"] == "websocket.send":
            events.append(json.loads(message["text"]))
    assert message["code"] == 1000
    return events


@pytest.mark.parametrize("block", [1_600, 16_000])
def test_events_are_those_of_the_library(client, model_file, samples, block):
    stream = load_model(model_file).stream(rate=16_000)
    expected = [event.to_dict() for event in [*stream.push(samples), *stream.finish()]]
    assert expected
    assert events_of(client, samples, block) == expected


@pytest.mark.parametrize("frame", [b"abc", "text"])
def test_frames_of_another_kind_close_the_connection(client, frame):
    with client.websocket_connect(URL) as socket:
        (socket.send_text if isinstance(frame, str) else socket.send_bytes)(frame)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1003
    assert "16-bit samples" in closed.value.reason


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer wrong"}, {"authorization": "Bearer x", "origin": "https://other.example"}],
)
def test_a_wrong_token_or_origin_is_refused(serve, headers):
    with (
        serve(token="x") as client,
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(URL, headers=headers),
    ):
        pass
    assert closed.value.code == 1008


def test_the_number_of_streams_is_limited(serve):
    with serve(streams=1) as client, client.websocket_connect(URL):
        with client.websocket_connect(URL) as second, pytest.raises(WebSocketDisconnect) as closed:
            second.receive_json()
        assert closed.value.code == 1013


def test_a_silent_client_is_disconnected(serve):
    with serve(upload_time_s=0.2) as client, client.websocket_connect(URL) as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
        assert closed.value.code == 1008
