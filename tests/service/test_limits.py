from __future__ import annotations

import io
import struct
import time

import numpy as np
import pytest
import soundfile


def post(client, content, **options):
    return client.post("/v1/predict", files=[("files", ("a.wav", content))], **options)


def sound(seconds):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(16_000 * seconds)), 16_000, format="WAV")
    return file.getvalue()


def assert_error(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert set(response.json()["error"]) == {"code", "message", "file"}


def test_a_large_body_is_413(serve):
    with serve(upload_bytes=10_000) as client:
        assert_error(post(client, bytes(20_000)), 413, "too_large")
        assert post(client, sound(0.1)).status_code == 200


def test_a_large_body_of_unstated_length_is_413(serve):
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
    body = [head, *[bytes(1000)] * 20, b"\r\n--x--\r\n"]
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with serve(upload_bytes=10_000) as client:
        assert_error(client.post("/v1/predict", content=iter(body), headers=headers), 413, "too_large")


def test_a_long_recording_is_413(serve):
    with serve(length_s=2.0) as client:
        assert_error(post(client, sound(3)), 413, "too_long")
        assert post(client, sound(1)).status_code == 200


def test_too_many_files_are_422(serve):
    with serve(files=2) as client:
        files = [("files", ("a.wav", sound(0.1)))] * 3
        assert_error(client.post("/v1/predict", files=files), 422, "invalid_request")


@pytest.mark.parametrize(
    ("limit", "status", "code"),
    [("requests", 503, "overloaded"), ("requests_per_client", 429, "too_many_requests")],
)
def test_too_many_requests(serve, limit, status, code):
    with serve(**{limit: 0}) as client:
        response = post(client, sound(0.1))
        assert_error(response, status, code)
        assert response.headers["retry-after"] == "1"
        assert client.get("/healthz").status_code == 200


def test_a_file_that_takes_too_long_is_given_up_and_the_worker_replaced(serve):
    with serve(time_s=0.001) as client:
        assert_error(post(client, sound(5)), 503, "time_limit")
        for _ in range(300):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.1)
        assert client.get("/readyz").status_code == 200
        assert "serenade_worker_restarts 1.0" in client.get("/metrics").text


def test_a_header_that_states_too_little_does_not_lift_the_limit(serve):
    content = bytearray(sound(6))
    content[40:44] = struct.pack("<I", 16_000)
    with serve(length_s=2.0) as client:
        assert post(client, bytes(content)).status_code in (200, 413)
