"""Models on the Hugging Face hub: `hf://owner/name` or `hf://owner/name@revision`, in place of a path.

The library huggingface_hub (extra `hub`) downloads, caches and uploads. It takes the token from HF_TOKEN in
the environment, or from `hf auth login`. Its errors become sentences without a header or a URL.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serenade.errors import MissingExtra, ModelError
from serenade.folders import ModelFolder

# A path made of "hf://owner/name" has one slash, and backslashes on Windows.
_PREFIX = re.compile(r"hf:[/\\]{1,2}")
_PART = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"(?P<repository>{_PART}/{_PART})(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True, kw_only=True)
class HubName:
    """A repository of models on the hub, such as `hf://owner/name@main`.

    Attributes:
        repository: `owner/name`.
        revision: a branch, a tag or a commit; None for the default branch.
    """

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        """As a user writes it."""
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")

    @classmethod
    def parse(cls, model: object) -> HubName | None:
        """The repository that a model's name means; None if it is not a name on the hub.

        Raises:
            ModelError: the name starts with `hf://` and is not `hf://owner/name` or `hf://owner/name@revision`.

        >>> HubName.parse("hf://owner/name@v2")
        HubName(repository='owner/name', revision='v2')
        >>> HubName.parse(Path("hf://owner/name"))
        HubName(repository='owner/name', revision=None)
        >>> HubName.parse("serenade-base") is None
        True
        """
        if not isinstance(model, str | os.PathLike):
            return None
        text = str(model)
        start = _PREFIX.match(text)
        if start is None:
            return None
        found = _NAME.fullmatch(text[start.end() :].replace("\\", "/"))
        if found is None or any(two in text[start.end() :] for two in ("..", "--", "//")):
            raise ModelError(
                "is not a name of a model on the hub; write hf://owner/name or hf://owner/name@revision",
                file=text,
            )
        return cls(repository=found["repository"], revision=found["revision"])


def local_model(model: str | Path, *, weights: bool = False) -> Path:
    """The path of a model: of a model folder in the cache for a name on the hub, otherwise the path itself.

    Args:
        model: a name such as `hf://owner/name`, or a path.
        weights: whether the weights (`model.safetensors`) are needed. Otherwise they are downloaded only if
            there is no ONNX file.

    Raises:
        ModelError: there is no such model, it cannot be reached, or it is not a model of serenade.
        MissingExtra: it is on the hub, and huggingface_hub is not installed.

    >>> local_model("run/model").as_posix()
    'run/model'
    """
    name = HubName.parse(model)
    return Path(model) if name is None else _download(name, weights=weights)


def _download(name: HubName, *, weights: bool) -> Path:
    hub = _huggingface_hub()
    layout = ModelFolder(Path())
    small = [layout.config.name, layout.trained_on.name, layout.card.name]
    chosen = [layout.weights.name] if weights else [layout.onnx.name, layout.weights.name]
    for file in chosen:
        with _one_sentence(name):
            folder = hub.snapshot_download(
                name.repository, revision=name.revision, allow_patterns=[file, *small]
            )
        if (Path(folder) / file).is_file():
            return Path(folder)
    needed = " or ".join(chosen)
    raise ModelError(f"is not a model of serenade: the repository has no {needed}", file=str(name))


def upload_files(
    files: Mapping[str, Path | bytes], name: HubName, *, message: str, private: bool = False
) -> str:
    """Upload the files of a model as one commit; the repository is created if there is none.

    Args:
        files: paths or contents by their names in the repository. Other files there stay.
        name: the repository, and the branch if it is not the default one.
        message: of the commit.
        private: whether a new repository is private.

    Returns:
        The address of the repository.

    Raises:
        ModelError: it cannot be reached, or the token may not write there.
        MissingExtra: huggingface_hub is not installed.
    """
    hub = _huggingface_hub()
    with _one_sentence(name):
        api = hub.HfApi()
        if hub.get_token() is None:
            raise ModelError(f"cannot be written without a token; {_TOKEN}", file=str(name))
        address = str(api.create_repo(name.repository, private=private, exist_ok=True))
        api.create_commit(
            name.repository,
            [
                hub.CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)
                for path, content in files.items()
            ],
            revision=name.revision,
            commit_message=message,
        )
    return address


def require_metadata(card: Path) -> None:
    """Refuse a model card whose metadata the hub would not read; it would get a repository without a licence.

    Args:
        card: the README.md of a model folder.

    Raises:
        ModelError: the metadata between the two lines `---` at its start is missing or damaged.
        MissingExtra: huggingface_hub is not installed.
    """
    hub = _huggingface_hub()
    import yaml

    reason = ""
    try:
        metadata = hub.metadata_load(card)
    except OSError as cause:
        raise ModelError(f"cannot be read ({cause.strerror})", file=card) from cause
    # PyYAML raises these for values that do not fit their type, such as a 13th month.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as cause:
        metadata = None
        problem = str(getattr(cause, "problem", None) or cause).partition("\n")[0]
        reason = f" ({problem:.200})"
    if not metadata:
        raise ModelError(
            f"does not begin with metadata for the hub{reason}; write lines `name: value`, such as "
            "`license: mit`, between two lines `---` at its start",
            file=card,
        )


_TOKEN = "set HF_TOKEN, or log in with: hf auth login"


def _huggingface_hub() -> Any:
    try:
        import huggingface_hub
        from huggingface_hub.utils import disable_progress_bars
    except ModuleNotFoundError as cause:
        raise MissingExtra(
            "a model on the hub needs huggingface_hub; install it with: pip install 'serenade[hub]'"
        ) from cause
    # Its warnings are of repeated requests, and have URLs.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        disable_progress_bars()
    return huggingface_hub


@contextmanager
def _one_sentence(name: HubName) -> Iterator[None]:
    """Turn the errors of huggingface_hub into a sentence without URL, header or token."""
    import httpx2
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.GatedRepoError as cause:
        reason = f"its owner restricts access: ask for it on the page of the model, and {_TOKEN}"
        raise ModelError(reason, file=str(name)) from cause
    except errors.RepositoryNotFoundError as cause:
        reason = f"there is no such model on the hub, or it is private: check the name, or {_TOKEN}"
        raise ModelError(reason, file=str(name)) from cause
    except errors.RevisionNotFoundError as cause:
        raise ModelError("the model has no such revision", file=str(name)) from cause
    except errors.LocalEntryNotFoundError as cause:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"
        reason = f"is not in the cache, and {why}; download it once with a connection"
        raise ModelError(reason, file=str(name)) from cause
    except errors.OfflineModeIsEnabled as cause:
        raise ModelError("cannot be written: HF_HUB_OFFLINE is set", file=str(name)) from cause
    except errors.HfHubHTTPError as cause:
        status = cause.response.status_code
        reason = f"the hub refused the request (HTTP status {status})"
        if status in (401, 403):
            reason = f"the token may not do this (HTTP status {status}): {_TOKEN}"
        raise ModelError(reason, file=str(name)) from cause
    except errors.RevisionResolutionError as cause:
        raise ModelError("the model has no such revision", file=str(name)) from cause
    except ValueError as cause:  # also of the library's check of names
        reason = " ".join(str(cause).split())
        raise ModelError(f"the hub does not take this: {reason:.300}", file=str(name)) from cause
    except httpx2.HTTPError as cause:
        reason = f"the connection to the hub failed ({type(cause).__name__}); try again"
        raise ModelError(reason, file=str(name)) from cause
    except OSError as cause:
        reason = f"cannot be stored in the cache {constants.HF_HUB_CACHE}: {cause.strerror or cause}"
        raise ModelError(f"{reason}; set HF_HUB_CACHE to another folder", file=str(name)) from cause
