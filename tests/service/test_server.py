"""`serenade serve` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

import uvicorn

from serenade.service.app import create_app
from serenade.service.settings import Limits, Settings


def body_of(file: Path) -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + b"\r\n--x--\r\n"


def predict(url: str, file: Path) -> bytes:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{url}/v1/predict", data=body_of(file), headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_finishes_what_was_accepted_and_leaves_nothing(
    run_server, sign, model_file, example_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with run_server("--model", str(model_file)) as (process, url):
        results = []
        predict(url, example_folder / "call.wav")
        threads = [
            threading.Thread(target=lambda: results.append(predict(url, example_folder / "long.wav")))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        while b'path="/v1/predict",status="200"} 2.0' not in (
            urllib.request.urlopen(f"{url}/metrics").read()
        ):
            pass
        process.send_signal(sign)
        for thread in threads:
            thread.join()
        errors = process.communicate(timeout=60)[1]
    assert len(results) == 4
    assert all(b'"emotion"' in result for result in results)
    assert process.returncode in (0, -sign, 130)
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


def test_an_address_in_use_is_one_sentence(serve_command, model_file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [*serve_command, "--model", str(model_file), "--port", port], capture_output=True, text=True
        )
    assert ran.returncode == 1
    assert "Address already in use; choose another --port" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--timeout", "--max-length"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_limit_that_is_not_finite_is_refused(serve_command, option, value):
    ran = subprocess.run([*serve_command, option, value], capture_output=True, text=True)
    assert ran.returncode == 2
    assert f"Invalid value for '{option}': {value} is not a finite number." in ran.stderr


def test_other_machines_need_a_token(serve_command):
    env = {name: value for name, value in os.environ.items() if name != "SERENADE_TOKEN"}
    ran = subprocess.run([*serve_command, "--host", "0.0.0.0"], capture_output=True, text=True, env=env)
    assert ran.returncode == 2
    assert "SERENADE_TOKEN" in ran.stderr


def test_ctrl_c_is_one_line(run_server, model_file):
    with run_server("--model", str(model_file)) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == "serenade: stopped\n"
    assert process.returncode == 0


def test_a_client_that_sends_too_slowly_is_408(model_file):
    with (
        serving(model_file, upload_time_s=0.3) as port,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        client.sendall(
            b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        client.settimeout(30)
        answer = HTTPResponse(client)  # reads on until the body is complete
        answer.begin()
        body = answer.read()
    assert answer.status == 408
    assert b'"code":"slow_upload"' in body
    assert b"no byte arrived for 0.3 s" in body
    assert (answer.getheader("content-security-policy") or "").startswith("default-src 'none'")


@contextmanager
def serving(model_file, **limits):
    """The port of a server of this test's limits."""
    config = uvicorn.Config(
        create_app(Settings(model=str(model_file), workers=1, limits=Limits(**limits))), log_level="warning"
    )
    server, opened = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        yield opened.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
