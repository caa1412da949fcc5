"""`/v1/stream`: sound in while somebody speaks, events out."""

from __future__ import annotations

import asyncio

import numpy as np
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from serenade.inference.model import Model
from serenade.inference.stream import Stream
from serenade.service.errors import ServiceError
from serenade.service.guard import check_origin, check_token

RATE_HZ = 16_000
"""Samples a second of the frames that are received."""

_POLICY, _UNSUPPORTED, _BUSY = 1008, 1003, 1013
"""Codes with which a connection is closed (RFC 6455)."""

router = APIRouter()


class Live:
    """The open streams of a server.

    Attributes:
        model: predicts in threads of this process: frames of samples need no decoder that could fail.
    """

    def __init__(self, model: Model, *, most: int) -> None:
        self.model = model
        self._most = most
        self._open = 0

    async def run(self, socket: WebSocket, *, idle_s: float) -> None:
        """Answer the frames of an accepted connection until an empty frame or its end.

        Args:
            socket: the connection.
            idle_s: it is closed if no frame arrives for so long.
        """
        if self._open >= self._most:
            await socket.close(_BUSY, f"{self._most} streams are open; try again later")
            return
        self._open += 1
        try:
            await _answer(socket, self.model.stream(rate=RATE_HZ), idle_s=idle_s)
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await socket.close(_POLICY, f"no frame arrived for {idle_s:g} s")
        finally:
            self._open -= 1


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Take binary frames of 16-bit samples (little-endian, mono, 16 kHz), send events as JSON.

    The events are those of `Model.stream`: `utterance.start`, `result` and `utterance.end`. An empty frame
    ends the stream: the last events follow, then the connection is closed with 1000.
    """
    settings, live = socket.app.state.settings, socket.app.state.live
    try:
        check_origin(socket.scope, settings=settings)
        check_token(socket.scope, settings=settings)
    except ServiceError as error:
        await socket.close(_POLICY, error.message)
        return
    await socket.accept()
    await live.run(socket, idle_s=settings.limits.upload_time_s)


async def _answer(socket: WebSocket, stream: Stream, *, idle_s: float) -> None:
    """Push each frame, and send what it leads to."""
    while True:
        message = await asyncio.wait_for(socket.receive(), idle_s)
        if message["type"] == "websocket.disconnect":
            return
        frame = message.get("bytes")
        if frame is None or len(frame) % 2:
            await socket.close(_UNSUPPORTED, "send binary frames of 16-bit samples, mono, 16 kHz")
            return
        samples = np.frombuffer(frame, "<i2")
        work = asyncio.to_thread(stream.push, samples) if frame else asyncio.to_thread(stream.finish)
        for event in await work:
            await socket.send_json(event.to_dict())
        if not frame:
            await socket.close()
            return
