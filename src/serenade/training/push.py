"""The model card of anyone's run with its results, and the upload of a model to the Hugging Face hub."""

from __future__ import annotations

import json
from pathlib import Path

from serenade.errors import ModelError, OutputError, RunError
from serenade.evaluation.folder import EvaluationFolder
from serenade.files import protect_inputs, require_writable, write_whole
from serenade.folders import ModelFolder, RunFolder
from serenade.hub import HubName, require_metadata, upload_files
from serenade.inference.load import load_model
from serenade.inference.locate import find_model
from serenade.training.card_results import BEFORE_RESULTS, with_results


def card(run: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the model card of an evaluated run: its data, licence, protocol, results and limits.

    Args:
        run: the folder of a finished run.
        out: the file to write; the README.md of the run's model if None.

    Returns:
        The file.

    Raises:
        ModelError: the run has no model that it stands for, or its card was changed.
        RunError: the run was not evaluated.
        OutputError: the file does not end in .md, or cannot be written.

    >>> from serenade import evaluate
    >>> _ = evaluate("run", audio=False)
    >>> card("run", out="card.md").read_text().splitlines()[0]
    '---'
    """
    model = find_model(run)
    folder = ModelFolder(model.parent)
    if out is not None and Path(out).suffix.lower() != ".md":
        raise OutputError("is no name for a model card; write one that ends in .md", file=out)
    require_writable(out)
    evaluation = _evaluation(folder)
    if evaluation is None:
        raise RunError("was not evaluated; run serenade evaluate on it first", file=run)
    text = _card(folder, evaluation)
    target = folder.card if out is None else Path(out)
    if out is not None:
        protect_inputs([target], [model, *folder.files, evaluation])
    with write_whole(target) as file:
        file.write(text)
    return target


def push(
    model: str | Path,
    name: str,
    *,
    private: bool = False,
    trained_on: bool = False,
    message: str | None = None,
) -> str:
    """Upload a model to the Hugging Face hub: ONNX file, Spec, weights and model card.

    The card has the results of the run if it was evaluated. The token is that of the library huggingface_hub
    (HF_TOKEN, or `hf auth login`).

    Args:
        model: a run, a model folder, or the name of a bundled model.
        name: `hf://owner/name`, or `hf://owner/name@branch`; the repository is created if there is none.
        private: whether a new repository is private.
        trained_on: also upload `trained_on.json`, which has the names of the training speakers. Evaluations
            of the model then leave its training clips out.
        message: of the commit; the name and the version of the model if None.

    Returns:
        The address of the repository.

    Raises:
        ModelError: the model cannot be loaded, has no card or a damaged one, the name is wrong, or the hub
            refuses it.
        MissingExtra: huggingface_hub is not installed.
    """
    target = HubName.parse(name)
    if target is None:
        raise ModelError("is not a name on the hub; write hf://owner/name", file=name)
    file = find_model(model)
    spec, folder = load_model(file).spec, ModelFolder(file.parent)
    if file != folder.onnx or not folder.card.is_file():
        raise ModelError(
            f"has no model card: name a run, or a model folder with {folder.onnx.name} and "
            f"{folder.card.name}",
            file=file,
        )
    require_metadata(folder.card)
    files: dict[str, Path | bytes] = {
        folder.onnx.name: file,
        folder.config.name: json.dumps(spec.to_dict(), ensure_ascii=False, indent=1).encode(),
        folder.card.name: _card(folder, _evaluation(folder)).encode(),
    }
    more = (folder.weights, folder.trained_on) if trained_on else (folder.weights,)
    files |= {path.name: path for path in more if path.is_file()}
    return upload_files(files, target, message=message or f"{spec.name} {spec.version}", private=private)


def _card(folder: ModelFolder, evaluation: Path | None) -> str:
    try:
        text = folder.card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "it is not UTF-8 text"
        raise ModelError(f"is not a readable model card ({reason}); restore it", file=folder.card) from cause
    if evaluation is None:
        return text
    if text.count(BEFORE_RESULTS) != 1:
        raise ModelError(
            f"must have one line `{BEFORE_RESULTS.strip()}`, which results are written before; correct it",
            file=folder.card,
        )
    return with_results(text, evaluation, size_bytes=folder.onnx.stat().st_size)


def _evaluation(folder: ModelFolder) -> Path | None:
    """The evaluation of the run of a model on its own test part; None if there is none."""
    run = RunFolder.containing(folder.path)
    if run is None or not EvaluationFolder(run.evaluation).metrics.is_file():
        return None
    return run.evaluation
