from __future__ import annotations

import json
import re

import pytest

from serenade import load_model
from serenade.audio.front_end import FrontEnd
from serenade.errors import ModelError, OutputError
from serenade.files import sha256_of
from serenade.inference.locate import list_models
from serenade.service.page.static import StaticPage


@pytest.mark.parametrize("name", list_models())
def test_every_bundled_model_has_a_page(tmp_path, name):
    index = StaticPage(tmp_path / "site").write(name)
    folder = index.parent
    model = load_model(name)
    assert sha256_of(folder / "model" / "model.onnx") == sha256_of(model.file)
    info = json.loads((folder / "model" / "model.json").read_text())
    assert (info["name"], tuple(info["labels"])) == (name, model.spec.labels)
    assert info["max_duration_s"] == model.spec.front_end.max_duration_s
    assert f"\nlicense: {model.spec.license.lower()}\n" in (folder / "README.md").read_text()
    for path in ("page/onnxruntime-web.LICENSE", "model/silero_vad.LICENSE", ".nojekyll"):
        assert (folder / path).is_file()


def test_every_address_in_the_page_is_relative_and_there(tmp_path, model_file):
    index = StaticPage(tmp_path / "site").write(model_file)
    page = index.read_text()
    addresses = [
        found for found in re.findall(r'(?:href|src)="([^"]*)"', page) if not found.startswith(("#", "data:"))
    ]
    assert "page/page.js" in addresses
    assert all((index.parent / address).exists() for address in addresses)
    assert "connect-src 'self'" in page


def test_an_earlier_page_is_replaced(tmp_path, model_file):
    StaticPage(tmp_path / "site").write("serenade-small")
    index = StaticPage(tmp_path / "site").write(model_file)
    assert json.loads((index.parent / "model" / "model.json").read_text())["name"] == "toy"


def test_a_folder_with_other_files_is_refused(tmp_path, model_file):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="is a folder with other files; name a new folder"):
        StaticPage(tmp_path).write(model_file)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_model_of_text_is_refused(tmp_path, example_folder):
    with pytest.raises(ModelError):
        StaticPage(tmp_path / "site").write(example_folder / "text.onnx")
    assert not (tmp_path / "site").exists()


def test_a_model_at_another_rate_is_refused(tmp_path, toy):
    spec = toy.toy_spec(front_end=FrontEnd(rate_hz=22_050))
    file = toy.write_toy_model(tmp_path / "model.onnx", spec)
    with pytest.raises(ModelError, match="takes sound at 22,050 Hz, and the page in the browser"):
        StaticPage(tmp_path / "site").write(file)
    assert not (tmp_path / "site").exists()
