"""The clients on the page "Serve predictions over HTTP" print what the library predicts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serenade import load_model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
CLIENTS = dict(re.findall(r'```\w+ title="(client\.\w+)"\n(.*?)```', PAGE, re.DOTALL))
PROGRAMS = {"client.py": sys.executable, "client.sh": "bash", "client.mjs": "node"}


@pytest.fixture(scope="module")
def url(run_server, model_file):
    with run_server("--model", str(model_file)) as (_, url):
        yield url


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_client(name, url, example_folder, model_file, tmp_path):
    for program in {PROGRAMS[name], "curl" if name == "client.sh" else sys.executable}:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here")
    assert len([line for line in CLIENTS[name].splitlines() if line]) <= 10
    shutil.copy(example_folder / "call.wav", tmp_path)
    (tmp_path / name).write_text(CLIENTS[name].replace("http://localhost:8000", url))
    ran = subprocess.run([PROGRAMS[name], name], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    expected = load_model(model_file).predict(example_folder / "call.wav").to_dict() | {"file": "call.wav"}
    if name == "client.sh":
        assert json.loads(ran.stdout)["results"] == [expected]
    else:
        columns = ("file", "emotion", "confidence", "state")
        assert ran.stdout.split() == [str(expected[column]) for column in columns]


def test_every_path_and_code_of_the_service_is_on_the_page():
    pytest.importorskip("fastapi")
    from serenade.service.app import create_app
    from serenade.service.errors import STATUS

    codes = {code for code, status in STATUS.items() if status != 500}
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
    paths = create_app().openapi()["paths"]
    assert {path for path in paths if path not in PAGE} == set()
