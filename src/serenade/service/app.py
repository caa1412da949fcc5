"""The app of the service: routes, checks and workers put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from serenade.inference.load import load_model
from serenade.service import live, page, recordings, status
from serenade.service.batches import Batches
from serenade.service.errors import add_error_handlers
from serenade.service.guard import Guard
from serenade.service.metrics import Metrics
from serenade.service.openapi import App
from serenade.service.pool import WorkerPool
from serenade.service.settings import Settings
from serenade.version import __version__

_ABOUT = """\
Speech emotion recognition. Send recordings, receive the probability of each emotion.

Every error has the form `{"error": {"code", "message", "file"}}`.
"""


class _App(App):
    """The app within its guard and metrics, so that they also see a response to a fault of the server."""

    def build_middleware_stack(self) -> ASGIApp:
        """All that a request passes."""
        inner = super().build_middleware_stack()
        app: ASGIApp = self.state.metrics.middleware(Guard(inner, settings=self.state.settings))
        return app


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app of `serenade serve`, for any ASGI server.

    Args:
        settings: see `Settings`; None for the defaults. A server that other machines can reach needs a
            `host` other than the loopback address here, too, or requests to its name are refused.

    Raises:
        ModelError: the model cannot be loaded.
    """
    settings = settings or Settings()
    # One file for all workers, whichever model the name means later.
    model = load_model(settings.model, device=settings.device)
    pool = WorkerPool(
        str(model.file), device=settings.device, size=settings.workers, time_s=settings.limits.time_s
    )
    batches = Batches(pool, most=settings.batch)

    @asynccontextmanager
    async def workers(app: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await batches.close()
            await pool.close()

    app = _App(
        title="serenade",
        version=__version__,
        description=_ABOUT,
        lifespan=workers,
        # Its pages of documentation load scripts from other servers.
        docs_url=None,
        redoc_url=None,
    )
    add_error_handlers(app)
    app.include_router(recordings.router)
    app.include_router(status.router)
    app.include_router(live.router)
    paths = frozenset(app.openapi()["paths"])
    app.state.settings = settings
    app.state.pool = pool
    app.state.batches = batches
    app.state.spec = model.spec
    app.state.live = live.Live(model, most=settings.limits.streams)
    app.state.metrics = Metrics(pool, batches, paths=paths)
    app.mount("/page", StaticFiles(directory=page.BUILT / "page"), name="page")
    app.add_api_route("/", _index, include_in_schema=False, response_class=FileResponse)
    return app


async def _index() -> FileResponse:
    """The page."""
    return FileResponse(page.BUILT / "index.html", headers={"Cache-Control": "no-cache"})
