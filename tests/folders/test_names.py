"""The file names of runs and models are literals in `serenade.folders` alone."""

from __future__ import annotations

import ast
from pathlib import Path

import serenade
from serenade.folders import ModelFolder, RunFolder

SOURCE = Path(serenade.__file__).parent
ELSEWHERE = ("folders", "encoders")  # encoders are Hugging Face folders, with names of their own


def owned_names() -> set[str]:
    run, model = RunFolder(Path("run")), ModelFolder(Path("model"))
    files = [run.recipe, run.record, run.summary, run.log, run.curves, run.split, run.checkpoints]
    files += [run.last_checkpoint, run.best_checkpoint, run.final.path]
    files += [model.onnx, model.weights, model.config, model.trained_on, model.card]
    return {file.name for file in files}


def literals(tree: ast.AST) -> set[str]:
    """The string constants of a module, without its docstrings."""
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements
    }


def test_names_are_literals_in_one_package() -> None:
    names = owned_names()
    assert {"run.json", "model.onnx", "last.ckpt", "final"} <= names
    found = {
        f"{file.relative_to(SOURCE)}: {name}"
        for file in SOURCE.rglob("*.py")
        if file.relative_to(SOURCE).parts[0] not in ELSEWHERE
        for name in literals(ast.parse(file.read_text(encoding="utf-8"))) & names
    }
    assert not found
