"""What `import serenade` promises: the names, their documentation and types, and that it loads no library."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import get_type_hints

import pytest

import serenade

NAMES = sorted(set(serenade.__all__) - {"__version__"})


def test_the_public_names():
    assert set(dir(serenade)) == {*NAMES, "__version__"}
    assert isinstance(serenade.__version__, str)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        serenade.nothing  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_an_example(name):
    documentation = inspect.getdoc(getattr(serenade, name)) or ""
    assert ">>> " in documentation
    assert "+SKIP" not in documentation


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_typed(name):
    value = getattr(serenade, name)
    functions = [value] if inspect.isfunction(value) else []
    if inspect.isclass(value):
        members = vars(value).items()
        functions = [
            member for key, member in members if not key.startswith("_") and inspect.isfunction(member)
        ]
    for function in functions:
        hints = get_type_hints(function, vars(sys.modules[function.__module__]))
        parameters = set(inspect.signature(function).parameters) - {"self", "cls"}
        assert parameters | {"return"} <= set(hints)


LIGHT = """
import sys, time
start = time.process_time()
import serenade
took = time.process_time() - start
loaded = {name.partition(".")[0] for name in sys.modules}
print(took, *(loaded - set(sys.stdlib_module_names) - before))
""".replace("import sys, time", "import sys, time\nbefore = {name.partition('.')[0] for name in sys.modules}")


def test_the_import_is_light():
    ran = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    took, *libraries = ran.stdout.split()
    assert libraries == ["serenade"]
    assert float(took) < 0.05


@pytest.mark.parametrize(
    ("library", "name", "extra"), [("pandas", "read_corpus", "report"), ("torch", "train", "train")]
)
def test_a_library_that_is_not_installed_is_named(library, name, extra):
    code = f"import sys; sys.modules[{library!r}] = None; import serenade; serenade.{name}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("serenade.errors.MissingExtra: ")
    assert f"needs {library}; install it with: pip install 'serenade[{extra}]'" in last


def test_onnxruntime_reports_nothing(model_file, example_folder, tmp_path):
    # Its telemetry keeps a session file in the folder of temporary files.
    code = (
        f"import serenade; serenade.predict({str(example_folder / 'call.wav')!r}, model={str(model_file)!r})"
    )
    env = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env | {"TMPDIR": str(tmp_path)})
    assert not list(tmp_path.iterdir())
