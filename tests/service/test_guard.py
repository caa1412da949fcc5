from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from starlette.testclient import TestClient

from serenade.service.app import create_app
from serenade.service.batches import Batches
from serenade.service.guard import HEADERS
from serenade.service.settings import Settings


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/readyz", "/v1/models", "/metrics", "/openapi.json", "/no"]
)
def test_every_response_has_the_security_headers(client, path):
    response = client.get(path)
    assert response.status_code == (404 if path == "/no" else 200)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({}, 415),
        ({"upload_bytes": 10}, 413),
        ({"requests": 0}, 503),
        ({"requests_per_client": 0}, 429),
        ({"files": 0}, 422),
    ],
)
def test_every_error_has_them_too(serve, limits, status):
    with serve(**limits) as client:
        response = client.post("/v1/predict", files=[("files", ("a.wav", b"no sound"))])
    assert response.status_code == status
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert response.headers["Cache-Control"] == "no-store"


def test_a_fault_of_the_server_too(model_file, monkeypatch):
    async def fail(self, job, content):
        raise RuntimeError("secret")

    monkeypatch.setattr(Batches, "result", fail)
    app = create_app(Settings(model=str(model_file), workers=1))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        response = client.post("/v1/predict", files=[("files", ("a.wav", b"no sound"))])
        assert 'path="/v1/predict",status="500"} 1.0' in client.get("/metrics").text
    assert response.json() == {
        "error": {"code": "internal", "message": "the server failed; its log has the reason", "file": None}
    }
    assert response.status_code == 500
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", ["/v1/models", "/metrics"])
def test_the_token(serve, path):
    with serve(token="secret") as client:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}):
            response = client.get(path, headers=header)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            assert response.json()["error"]["code"] == "unauthorized"
        assert client.get(path, headers={"Authorization": "Bearer secret"}).status_code == 200
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200


def test_pages_of_other_sites_are_refused(client):
    assert client.get("/v1/models", headers={"Origin": "http://localhost"}).status_code == 200
    response = client.get("/v1/models", headers={"Origin": "https://example.org"})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "[", ""])
def test_names_of_other_hosts_are_refused(client, host):
    assert client.get("/v1/models", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_local_names_are_accepted(client, host):
    assert client.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/no", 404), ("GET", "/v1/predict", 405)])
def test_unknown_paths_and_methods_have_the_same_error_form(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message", "file"}
