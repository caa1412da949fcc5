"""`/v1/predict` and `/v1/timeline`: recordings in, predictions out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic.json_schema import SkipJsonSchema

from serenade.inference.timeline import MIN_HOP_S
from serenade.inference.windows import MAX_WINDOW_S
from serenade.service import schemas
from serenade.service.batches import Batches
from serenade.service.errors import ServiceError
from serenade.service.messages import Job
from serenade.service.pool import WorkerPool
from serenade.service.settings import Limits

router = APIRouter(prefix="/v1", tags=["recordings"])

_EVENTS: dict[str, dict[str, Any]] = {
    "progress": {"done_s": 2.5, "duration_s": 12.0},
    "segment": schemas.EXAMPLE,
    "result": schemas.EXAMPLE | {"end": 12.0},
    "error": schemas.ERROR_EXAMPLE,
}
"""An example of each event."""

_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": list(_EVENTS)},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}


@router.post(
    "/predict",
    summary="Predict the emotion of recordings",
    response_model=schemas.Results,
)
async def predict(
    request: Request,
    files: Annotated[list[UploadFile], File(description="Sound or video files.", min_length=1)],
) -> Response:
    """One prediction for each recording, as `serenade predict --format json` prints it.

    If some recordings cannot be used, their places have an error; if none can, the status is that of the
    first error.
    """
    await _require_known_fields(request, "files")
    batches, limits = request.app.state.batches, request.app.state.settings.limits
    if len(files) > limits.files:
        raise ServiceError("invalid_request", f"has {len(files)} files; send up to {limits.files} at a time")
    results = await asyncio.gather(*(_result(batches, limits, file) for file in files))
    failures = [result for result in results if isinstance(result, ServiceError)]
    if len(failures) == len(results):
        raise failures[0]
    return JSONResponse(
        {
            "results": [
                {"file": result.file, **result.to_dict()} if isinstance(result, ServiceError) else result
                for result in results
            ]
        }
    )


@router.post(
    "/timeline",
    summary="Predict the emotion of a recording over time",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `progress`, `segment` for each segment, then `result` (the "
            "mean of the segments) or `error`.",
            "content": {
                "text/event-stream": {
                    "schema": _EVENT,
                    "examples": {
                        event: {"value": {"event": event, "data": json.dumps(data)}}
                        for event, data in _EVENTS.items()
                    },
                }
            },
        },
    },
)
async def timeline(
    request: Request,
    file: Annotated[UploadFile, File(description="A sound or video file of any length.")],
    window_s: Annotated[
        float | SkipJsonSchema[None],
        Form(
            description="Length of a window in seconds (default: as in training, or 5). A model may take "
            "shorter ones only.",
            examples=[4.0],
            json_schema_extra={"minimum": MIN_HOP_S, "maximum": MAX_WINDOW_S},
        ),
    ] = None,
    hop_s: Annotated[
        float | SkipJsonSchema[None],
        Form(
            description="Seconds from one window to the next, up to a window (default: half a window).",
            examples=[2.0],
            json_schema_extra={"minimum": MIN_HOP_S, "maximum": MAX_WINDOW_S},
        ),
    ] = None,
) -> Response:
    """The segments of a recording as they are predicted, as server-sent events.

    An error before the first event has its own status; a later one is the event `error`.
    """
    await _require_known_fields(request, "file", "window_s", "hop_s")
    pool: WorkerPool = request.app.state.pool
    limits: Limits = request.app.state.settings.limits
    job = Job(task="timeline", file=_name(file), length_s=limits.length_s, window_s=window_s, hop_s=hop_s)
    messages = pool.run(job, await file.read())
    first = await anext(messages)
    return StreamingResponse(_events(first, messages), media_type="text/event-stream")


async def _require_known_fields(request: Request, *known: str) -> None:
    """Refuse what would be ignored: a misspelt field, a parameter of the address, a field given twice.

    Raises:
        ServiceError: there is one.
    """
    form = await request.form()  # FastAPI has read it already
    for name in (*form, *request.query_params):
        if name not in known:
            raise ServiceError(
                "invalid_request", f"has no field {name!r:.40}; the form takes {', '.join(known)}"
            )
    for name in request.query_params:
        raise ServiceError("invalid_request", f"takes {name!r} in the form, not in the address")
    for name in form:
        if name != "files" and len(form.getlist(name)) > 1:
            raise ServiceError("invalid_request", f"takes {name!r} once")
        if form[name] == "":  # FastAPI would use the default
            raise ServiceError("invalid_request", f"has nothing in {name!r}; leave the field out")


async def _result(batches: Batches, limits: Limits, file: UploadFile) -> dict[str, Any] | ServiceError:
    """The prediction of a recording, or why there is none."""
    job = Job(task="predict", file=_name(file), length_s=limits.length_s)
    try:
        return await batches.result(job, await file.read())
    except ServiceError as error:
        return error


def _name(file: UploadFile) -> str:
    r"""The name of an uploaded file, without folders.

    >>> _name(UploadFile(file=None, filename=r"C:\\calls\\a.wav"))
    'a.wav'
    """
    return PurePosixPath((file.filename or "").replace("\\", "/")).name or "recording"


async def _events(first: dict[str, Any], messages: AsyncGenerator[dict[str, Any]]) -> AsyncIterator[str]:
    """Messages of a worker as server-sent events."""
    try:
        async with aclosing(messages):
            yield _event(first)
            async for message in messages:
                yield _event(message)
    except ServiceError as error:
        yield f"event: error\ndata: {json.dumps(error.to_dict())}\n\n"


def _event(message: dict[str, Any]) -> str:
    r"""A message as one server-sent event.

    >>> _event({"event": "progress", "done_s": 1.0})
    'event: progress\ndata: {"done_s": 1.0}\n\n'
    """
    content = {name: value for name, value in message.items() if name != "event"}
    return f"event: {message['event']}\ndata: {json.dumps(content.get('prediction', content))}\n\n"
