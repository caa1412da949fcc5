"""`serenade serve` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import urllib.request
from pathlib import Path

import pytest


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
