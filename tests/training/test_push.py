"""The model card of a run, and the upload to a stand-in of the Hugging Face hub."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from serenade import evaluate, load_model, train
from serenade.cli.main import run as command
from serenade.errors import ModelError, OutputError, RunError
from serenade.folders import ModelFolder, RunFolder
from serenade.inference.locate import find_model
from serenade.spec import Spec
from serenade.training.push import card, push

TOKEN, READ_ONLY = "hf_secret_of_the_test", "hf_token_that_only_reads"


@pytest.fixture(scope="module")
def run(store, tiny, tmp_path_factory):
    """A finished run on one fold, evaluated."""
    folder = tmp_path_factory.mktemp("pushed") / "run"
    train(tiny(data={"split": "grouped-3", "fold": 1}), store=store, out=folder)
    evaluate(folder, audio=False)
    return folder


def front_matter(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


def test_the_card_of_a_run_has_the_figures_of_its_evaluation(run, tmp_path, capsys):
    metrics = json.loads((RunFolder(run).evaluation / "metrics.json").read_text())
    before = RunFolder(run).model.card.read_text()
    out = tmp_path / "card.md"
    assert command(["card", str(run), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    text = out.read_text()
    assert f"| UAR | {100 * metrics['mean']['uar']['value']:.1f} |" in text
    assert "The test part of split `grouped-3`: " in text
    assert "by a model that was not trained on its speaker" in text
    for label, entry in metrics["pooled"]["per_class"].items():
        assert f"| {label} | {entry['support']:,} | {100 * entry['recall']:.1f} |" in text
    assert f"(ECE) is {100 * metrics['calibration']['ece']:.1f} points" in text
    assert RunFolder(run).model.card.read_text() == before
    assert text.count("## Results") == 1


def test_writing_the_card_twice_changes_nothing(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    first = card(copy).read_text()
    assert card(copy).read_text() == first
    assert first.count("## Results") == first.count("`model.onnx` has") == 1


def test_a_run_without_an_evaluation_is_refused(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("evaluation"))
    with pytest.raises(RunError, match="was not evaluated; run serenade evaluate on it first"):
        card(copy)


def test_a_pushed_model_comes_back(run, hub, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert command(["push", str(run), "hf://lab/mine", "--private"]) == 0
    assert capsys.readouterr().out == f"{hub.url}/lab/mine\n"
    assert set(hub.files("lab/mine")) == {
        ".gitattributes",
        "model.onnx",
        "model.safetensors",
        "config.json",
        "README.md",
    }
    assert "lab/mine" in hub.private
    spec = load_model("hf://lab/mine").spec
    assert find_model("hf://lab/mine").read_bytes() == find_model(run).read_bytes()
    assert Spec.from_dict(json.loads(hub.files("lab/mine")["config.json"])) == spec
    assert hub.messages == [f"{spec.name} 1"]
    text = hub.files("lab/mine")["README.md"].decode()
    assert text == card(run, out=tmp_path / "card.md").read_text()
    found = front_matter(text)
    assert found["pipeline_tag"] == "audio-classification"
    assert found["library_name"] == "serenade"
    assert {"serenade", "speech-emotion-recognition"} <= set(found["tags"])
    assert found["license"]


def test_names_of_speakers_are_uploaded_only_when_asked_for(run, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    push(run, "hf://lab/mine", trained_on=True, message="with speakers")
    assert hub.files("lab/mine")["trained_on.json"] == RunFolder(run).model.trained_on.read_bytes()
    assert hub.messages == ["with speakers"]


@pytest.mark.parametrize(
    ("name", "token", "message"),
    [
        (
            "hf://lab/mine",
            None,
            "cannot be written without a token; set HF_TOKEN, or log in with: hf auth login",
        ),
        ("hf://lab/mine", READ_ONLY, r"the token may not do this \(HTTP status 403\): set HF_TOKEN"),
        ("hf://lab/mine", "hf_unknown", "the token may not do this|there is no such model"),
        ("lab/mine", TOKEN, "is not a name on the hub; write hf://owner/name"),
    ],
)
def test_each_fault_of_a_push_is_one_sentence(
    model_file, hub, monkeypatch, capsys, toy, tmp_path, name, token, message
):
    folder = ModelFolder(tmp_path / "toy")
    toy.write_toy_model(folder.onnx)
    folder.write_card("---\nlicense: mit\n---\n")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ModelError, match=message):
        push(folder.path, name)
    assert command(["push", str(folder.path), name]) == 1
    printed = "".join(capsys.readouterr())
    assert len(printed.strip().splitlines()) == 1
    assert token is None or token not in printed
    assert hub.commits == {}


def test_a_model_without_a_card_is_refused(model_file, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ModelError, match="has no model card: name a run, or a model folder"):
        push(model_file, "hf://lab/toy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A model\n", "does not begin with metadata for the hub; write lines"),
        ("---\nlicense: mit\n# A model\n", "does not begin with metadata for the hub; write lines"),
        ("---\nlicense: [mit\n---\n", "does not begin with metadata for the hub .*expected ',' or ']'"),
        ("---\n- mit\n---\n", "does not begin with metadata for the hub .*should be a dict"),
        ("---\ncreated: 2026-13-45\n---\n", "month must be in 1..12"),
        ("---\na: !!python/object/apply:os.system [x]\n---\n", "could not determine a constructor"),
        ("---\n\n---\n", "does not begin with metadata for the hub"),
        ("---\nlicense: \udcff\n---\n", "codec can't decode"),
    ],
)
def test_a_damaged_card_is_found_before_anything_is_uploaded(
    hub, monkeypatch, capsys, toy, tmp_path, text, message
):
    folder = ModelFolder(tmp_path / "toy")
    toy.write_toy_model(folder.onnx)
    folder.card.write_bytes(text.encode(errors="surrogateescape"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ModelError, match=message):
        push(folder.path, "hf://lab/toy")
    assert command(["push", str(folder.path), "hf://lab/toy"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert hub.requests == []


@pytest.mark.parametrize("name", ["hf://lab/" + "a" * 97, "hf://lab/mine.git"])
def test_a_name_that_the_hub_does_not_take(hub, monkeypatch, toy, tmp_path, name):
    folder = ModelFolder(tmp_path / "toy")
    toy.write_toy_model(folder.onnx)
    folder.write_card("---\nlicense: mit\n---\n")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ModelError, match=r"the hub does not take this: Repo.id "):
        push(folder.path, name)
    assert hub.commits == {}


@pytest.mark.parametrize("text", ["no heading\n", "## Limits\n## Limits\n", b"\xff"])
def test_a_card_that_was_changed_is_one_sentence(run, tmp_path, text):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    file = RunFolder(copy).model.card
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(
        ModelError, match=r"README\.md: (must have one line `## Limits`|is not a readable model)"
    ):
        card(copy, out=tmp_path / "card.md")
    assert not (tmp_path / "card.md").exists()


def test_a_card_never_replaces_another_file(run, tmp_path, capsys):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (tmp_path / "a.md").mkdir()
    (tmp_path / "file").write_text("")
    (RunFolder(copy).evaluation / "notes.md").write_text("mine")
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    for out, reason in (
        (copy / "recipe.toml", "write one that ends in .md"),
        (RunFolder(copy).evaluation / "metrics.json", "write one that ends in .md"),
        (RunFolder(copy).evaluation / "notes.md", "would be overwritten"),
        (tmp_path / "a.md", "this is a folder, and a file is to be written here"),
        (tmp_path / "file" / "a.md", "this path leads through a file"),
        ("", "write one that ends in .md"),
    ):
        with pytest.raises(OutputError, match=reason):
            card(copy, out=out)
        assert command(["card", str(copy), "--out", str(out)]) == 1
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()} == before
