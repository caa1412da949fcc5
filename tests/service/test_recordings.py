from __future__ import annotations

import json

import pytest

from serenade import load_model


def upload(client, *files, path="/v1/predict", field="files", **options):
    parts = [(field, (file.name, file.read_bytes())) for file in files]
    return client.post(path, files=parts, **options)


def events_of(response):
    """The events of a response as (name, content)."""
    blocks = [block.splitlines() for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_predictions_are_those_of_the_library(client, voices, model_file):
    response = upload(client, *voices)
    assert response.status_code == 200
    model = load_model(model_file)
    expected = [model.predict(voice).to_dict() | {"file": voice.name} for voice in voices]
    assert response.json()["results"] == expected


def test_a_bad_file_among_good_ones_has_its_error(client, voice, tmp_path):
    (tmp_path / "notes.txt").write_text("no sound")
    first, second = upload(client, tmp_path / "notes.txt", voice).json()["results"]
    assert (first["file"], first["error"]["code"]) == ("notes.txt", "unsupported_media")
    assert second["file"] == voice.name
    assert second["emotion"]


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/timeline"])
def test_a_file_that_is_no_sound_is_415(client, tmp_path, path):
    (tmp_path / "notes.txt").write_text("no sound")
    field = "files" if path == "/v1/predict" else "file"
    response = upload(client, tmp_path / "notes.txt", path=path, field=field)
    assert response.status_code == 415
    error = response.json()["error"]
    assert (error["code"], error["file"]) == ("unsupported_media", "notes.txt")


@pytest.mark.parametrize("options", [{}, {"data": {"files": "text"}}, {"json": []}, {"content": b"x"}])
def test_a_request_without_files_is_422(client, options):
    response = client.post("/v1/predict", **options)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid_request"


def test_folders_in_a_name_are_removed(client, voice):
    response = client.post("/v1/predict", files=[("files", ("../../etc/a.wav", voice.read_bytes()))])
    assert response.json()["results"][0]["file"] == "a.wav"


def test_a_timeline_is_that_of_the_library(client, example_folder, model_file):
    file = example_folder / "long.wav"
    data = {"window_s": "4", "hop_s": "2"}
    response = upload(client, file, path="/v1/timeline", field="file", data=data)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response)
    rows = load_model(model_file).timeline(file, window_s=4, hop_s=2)
    expected = [row.to_dict() | {"file": "long.wav"} for row in rows]
    assert [content for name, content in events if name == "segment"] == expected
    assert events[0] == ("progress", {"done_s": 0.0, "duration_s": 12.0})
    assert events[-1][0] == "result"
    assert events[-1][1]["end"] == 12.0


def test_the_result_of_a_timeline_with_default_windows_is_predict(client, example_folder):
    file = example_folder / "long.wav"
    _, result = events_of(upload(client, file, path="/v1/timeline", field="file"))[-1]
    assert result == upload(client, file).json()["results"][0]


def test_a_window_out_of_range_is_422(client, voice):
    response = upload(client, voice, path="/v1/timeline", field="file", data={"window_s": "1e9"})
    assert response.status_code == 422
    assert "takes windows of" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "query", "message"),
    [
        ({"window": "3"}, "", "has no field 'window'; the form takes file, window_s, hop_s"),
        ({}, "?labels=anger", "has no field 'labels'; the form takes file, window_s, hop_s"),
        ({}, "?window_s=3", "takes 'window_s' in the form, not in the address"),
        ({"hop_s": ["1", "2"]}, "", "takes 'hop_s' once"),
        ({"hop_s": ""}, "", "has nothing in 'hop_s'; leave the field out"),
    ],
)
def test_a_field_that_would_be_ignored_is_422(client, voice, fields, query, message):
    response = upload(client, voice, path=f"/v1/timeline{query}", field="file", data=fields)
    assert response.status_code == 422
    assert response.json()["error"] == {"code": "invalid_request", "message": message, "file": None}


def test_two_files_where_one_is_needed_are_422(client, voice):
    response = upload(client, voice, voice, path="/v1/timeline", field="file")
    assert (response.status_code, response.json()["error"]["message"]) == (422, "takes 'file' once")


def test_text_in_place_of_a_file_is_one_sentence(client):
    response = client.post("/v1/predict", files=[("files", (None, "text"))])
    assert response.json()["error"]["message"] == "files.0: is text; send a file, with a file name"
