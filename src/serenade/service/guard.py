"""What is checked before a request reaches its route, and the headers of every response."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serenade.service.errors import BodyError, ServiceError
from serenade.service.settings import Settings

HEADERS = {
    # Blob URLs play the user's own recordings.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every response."""

_PROTECTED = ("/v1/", "/metrics")
"""Paths that need the token."""
_LIMITED = "/v1/"
"""Paths whose requests are counted against the limits of concurrency."""


class Guard:
    """Refuses requests that are from another site, have no token, are too many or too large.

    A page of another site cannot send requests through a user's browser: its `Origin` is not this server's.
    Where only this machine can reach the server, the `Host` must be local too, or a name that another site
    points to 127.0.0.1 would count as the same origin.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._clients: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request, then pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(_PROTECTED):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        client = (scope.get("client") or ("",))[0]
        counts = scope["path"].startswith(_LIMITED)
        try:
            check_origin(scope, settings=self._settings)
            check_token(scope, settings=self._settings)
            body = self._limited(scope, receive)
            if counts:
                self._check_concurrency(client)
        except ServiceError as error:
            await error.response()(scope, receive, send_with_headers)
            return
        self._clients.update([client] * counts)
        try:
            await self._app(scope, body, send_with_headers)
        finally:
            self._clients.subtract([client] * counts)
            if not self._clients[client]:
                del self._clients[client]

    @property
    def active(self) -> int:
        """Requests that wait or are computed."""
        return self._clients.total()

    def _check_concurrency(self, client: str) -> None:
        limits = self._settings.limits
        if self._clients[client] >= limits.requests_per_client:
            raise ServiceError(
                "too_many_requests",
                f"{limits.requests_per_client} requests of this client are in progress; wait for one to end",
            )
        if self.active >= limits.requests:
            raise ServiceError("overloaded", f"{limits.requests} requests are in progress; try again later")

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """The body of a request, with an error if it is too large or too slow.

        Raises:
            ServiceError: the request states that it is too large.
        """
        limits, received, is_complete = self._settings.limits, 0, False
        too_large = ServiceError(
            "too_large",
            f"the body is larger than {limits.upload_bytes / 1e6:,.0f} MB; send fewer or shorter recordings",
        )
        stated = Headers(scope=scope).get("content-length", "0")
        if stated.isdecimal() and int(stated) > limits.upload_bytes:
            raise too_large

        async def limited() -> MutableMapping[str, Any]:
            nonlocal received, is_complete
            if is_complete:  # what follows is the end of the connection, at any time
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), limits.upload_time_s)
            except TimeoutError:
                error = ServiceError(
                    "slow_upload", f"no byte arrived for {limits.upload_time_s:g} s; send it again"
                )
                raise BodyError(error) from None
            is_complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > limits.upload_bytes:
                raise BodyError(too_large)
            return message

        return limited


def check_origin(scope: Scope, *, settings: Settings) -> None:
    """Refuse a request that a page of another site made.

    Raises:
        ServiceError: it is one.
    """
    headers = Headers(scope=scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    if settings.is_local and _name(f"//{host}") not in ("localhost", "127.0.0.1", "::1", settings.host):
        raise ServiceError("forbidden", "this server is local; open it as localhost")
    if origin is not None and urlsplit(origin).netloc != host:
        raise ServiceError("forbidden", "requests from pages of other sites are refused")


def check_token(scope: Scope, *, settings: Settings) -> None:
    """Refuse a request to a protected path without the token.

    Raises:
        ServiceError: the token is missing or wrong.
    """
    if settings.token is None or not scope["path"].startswith(_PROTECTED):
        return
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), settings.token.encode()):
        raise ServiceError("unauthorized", "needs the token of this server: Authorization: Bearer TOKEN")


def _name(url: str) -> str | None:
    """The host name of a URL; None if it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
