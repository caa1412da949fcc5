"""Errors of the service: one JSON form for all, `{"error": {"code", "message", "file"}}`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serenade.errors import SerenadeError

STATUS = {
    "unsupported_media": 415,
    "too_large": 413,
    "too_long": 413,
    "invalid_request": 422,
    "damaged_media": 422,
    "model": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "slow_upload": 408,
    "too_many_requests": 429,
    "overloaded": 503,
    "time_limit": 503,
    "not_ready": 503,
    "internal": 500,
}
"""HTTP status by the code of an error."""


class ServiceError(SerenadeError):
    """A request that the service refuses.

    Attributes:
        status: its HTTP status.

    >>> ServiceError("too_large", "the body is larger than 200 MB; send fewer or shorter recordings").status
    413
    """

    def __init__(self, code: str, message: str, *, file: str | None = None) -> None:
        super().__init__(message, file=file)
        self.code = code
        self.status = STATUS[code]

    def response(self) -> JSONResponse:
        """The response to the client; one that may be repeated says when."""
        headers = (
            {"Retry-After": "1"} if self.code in ("too_many_requests", "overloaded", "not_ready") else {}
        )
        if self.code == "unauthorized":
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(self.to_dict(), status_code=self.status, headers=headers)


class BodyError(HTTPException):
    """A `ServiceError` while the body is read, where FastAPI lets no other exception through."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.status, error.message)
        self.error = error


def add_error_handlers(app: FastAPI) -> None:
    """Give every error of an app the same JSON form."""

    @app.exception_handler(ServiceError)
    async def refused(request: Request, error: ServiceError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return ServiceError("invalid_request", _sentence(error)).response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error, BodyError):
            return error.error.response()
        if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's status for a malformed body
            return ServiceError("invalid_request", str(error.detail)).response()
        phrase = HTTPStatus(error.status_code).phrase
        return _response(
            error.status_code, phrase.lower().replace(" ", "_"), str(error.detail), error.headers
        )

    @app.exception_handler(500)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return _response(500, "internal", "the server failed; its log has the reason")


def _response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    content = {"error": {"code": code, "message": message, "file": None}}
    return JSONResponse(content, status_code=status, headers=headers)


def _sentence(error: RequestValidationError) -> str:
    """What is wrong with the first field that is."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "the body"
    if first["type"] == "value_error" and isinstance(first["input"], str):  # an upload that is a text field
        return f"{field}: is text; send a file, with a file name"
    return f"{field}: {first['msg']}"
