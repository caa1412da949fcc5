"""`/healthz`, `/readyz`, `/metrics` and `/v1/models`."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from serenade.service import schemas
from serenade.service.errors import ServiceError
from serenade.service.model_info import model_info
from serenade.spec import Spec

router = APIRouter(tags=["server"])


@router.get(
    "/healthz",
    summary="Whether the server runs",
    response_model=schemas.Status,
)
async def health() -> Response:
    """Always ok while the process answers."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    summary="Whether the server can predict",
    response_model=schemas.Status,
)
async def ready(request: Request) -> Response:
    """Ok if a worker has loaded the model; for load balancers."""
    if not request.app.state.pool.ready:
        raise ServiceError("not_ready", "no worker has loaded the model yet")
    return JSONResponse({"status": "ok"})


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    responses={
        200: {"content": {"text/plain": {"example": schemas.METRICS_EXAMPLE}}},
    },
)
async def metrics(request: Request) -> Response:
    """Requests, their duration and status, and the state of the workers."""
    content = generate_latest(request.app.state.metrics.registry)
    return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get(
    "/v1/models",
    summary="The model of the server, and its limits",
    response_model=schemas.Models,
)
async def models(request: Request) -> Response:
    """Labels, licence and origin of the model that predicts."""
    spec: Spec = request.app.state.spec
    limits = asdict(request.app.state.settings.limits)
    shown = {name: limits[name] for name in schemas.Limits.model_fields}
    return JSONResponse({"models": [model_info(spec)], "limits": shown})
