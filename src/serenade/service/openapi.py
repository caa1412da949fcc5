"""The description of the service (OpenAPI): what FastAPI finds, and the errors of every route."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from serenade.service.errors import STATUS
from serenade.service.schemas import ERROR_EXAMPLE, Error

_MESSAGES = {
    "unauthorized": "needs the token of this server: Authorization: Bearer TOKEN",
    "forbidden": "requests from pages of other sites are refused",
    "slow_upload": "no byte arrived for 30 s; send it again",
    "too_large": "the body is larger than 200 MB; send fewer or shorter recordings",
    "too_long": "is 20,000 s long, and this server accepts up to 14,400 s; split it",
    "unsupported_media": ERROR_EXAMPLE["error"]["message"],
    "invalid_request": "has no field 'window'; the form takes file, window_s, hop_s",
    "damaged_media": "is damaged: the decoder failed on it; export it again",
    "model": "takes windows of 0.25 to 60 s, not 90 s",
    "too_many_requests": "64 requests of this client are in progress; wait for one to end",
    "internal": "the server failed; its log has the reason",
    "overloaded": "128 requests are in progress; try again later",
    "time_limit": "was not decoded within 60 s and was given up; convert it to WAV or send it later",
    "not_ready": "no worker has loaded the model yet",
}
"""An example of the message of each error, by its code."""

_OF_A_FILE = ("too_long", "unsupported_media", "damaged_media", "time_limit")
"""Errors that name a file."""

_ANY = (403, 408, 413, 500)
"""Statuses of the errors that every route can have."""

_REFERENCE = "#/components/schemas/{model}"


class App(FastAPI):
    """An app whose description has the errors of every route, with an example of each code."""

    def openapi(self) -> dict[str, Any]:
        """The description; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = super().openapi()
            _complete(self.openapi_schema)
        return self.openapi_schema


def _complete(description: dict[str, Any]) -> None:
    for path, operations in description["paths"].items():
        for operation in operations.values():
            for status in _statuses(path, has_body="requestBody" in operation):
                operation["responses"][str(status)] = _response(status)
    schemas = description["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of an error
        schemas.pop(name, None)
    for name, schema in schemas.items():
        if name.startswith("Body_"):  # a form; another field is refused
            schema["additionalProperties"] = False
            for field in schema["properties"].values():
                file = field.get("items", field)
                if "contentMediaType" in file:  # the older keyword, which most generators of clients know
                    file["format"] = "binary"
    error = Error.model_json_schema(ref_template=_REFERENCE)
    schemas |= error.pop("$defs") | {"Error": error}


def _statuses(path: str, *, has_body: bool) -> list[int]:
    """Statuses of the errors that a route can have."""
    found = {*_ANY}
    if path.startswith("/v1/"):
        found |= {401, 422, 429, 503}
    if has_body:
        found |= {415}
    if path == "/metrics":
        found |= {401}
    if path == "/readyz":
        found |= {503}
    return sorted(found)


def _response(status: int) -> dict[str, Any]:
    """An error response, with an example of each code."""
    codes = [code for code, its_status in STATUS.items() if its_status == status]
    content = {
        "schema": {"$ref": _REFERENCE.format(model="Error")},
        "examples": {code: {"value": error_example(code)} for code in codes},
    }
    return {"description": ", ".join(codes), "content": {"application/json": content}}


def error_example(code: str) -> dict[str, Any]:
    """An error with a code, as JSON.

    >>> error_example("not_ready")
    {'error': {'code': 'not_ready', 'message': 'no worker has loaded the model yet', 'file': None}}
    """
    file = "a.txt" if code in _OF_A_FILE else None
    return {"error": {"code": code, "message": _MESSAGES[code], "file": file}}
