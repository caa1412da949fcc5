"""`serenade train FOLDER`: from recordings to an evaluated model, each step as the command that does it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from serenade.cli.steps import run_steps
from serenade.errors import RecipeError

_NOT_SPEAKER_INDEPENDENT = {
    "dialogue": """The figures of this run are not speaker-independent: its split keeps dialogues apart, and
the same speakers are in train and test. Expect lower scores on other speakers.""",
    "": """The figures of this run are not speaker-independent: its split is random by file, so the same
speakers may be in train and test. They estimate the accuracy on the speakers of these recordings;
expect clearly lower scores on other speakers. To estimate those, state the speakers in a new run (with
another --out): --speakers-from folder, --speakers-from name:REGEX, or a column `speaker` in a manifest.""",
}


def train_corpus(
    source: Path,
    recipe: Path | None,
    out: Path | None,
    changes: Sequence[str],
    *,
    speakers_from: str | None,
    options: Sequence[str],
) -> None:
    """Inspect, prepare, train, evaluate and refit; what is finished already is kept.

    Args:
        source: folder or manifest of recordings.
        recipe: the default recipe if None.
        out: the run folder, `runs/NAME` after the source if None; the store and the default recipe are
            written beside it.
        changes: `section.key=value`, for the recipe.
        speakers_from: where the names of the speakers are found.
        options: further options of `serenade train`.
    """
    from serenade.training.processes import started_processes

    if started_processes() is not None:
        raise RecipeError(
            "is a folder or manifest, which one process inspects and prepares; with torchrun or srun, "
            "train a recipe on a store",
            file=source,
        )
    name = source.absolute().stem if source.is_file() else source.absolute().name
    run = out or Path("runs") / name
    store, default = run.with_name(f"{run.name}_store"), run.with_name(f"{run.name}.toml")
    notes: list[str] = []

    def steps() -> Iterator[list[str | Path]]:
        speakers: list[str | Path] = ["--speakers-from", speakers_from] if speakers_from else []
        yield ["inspect", source, *speakers]
        if recipe is None:
            _write_default_recipe(source, default, changes, speakers_from=speakers_from)
        yield ["prepare", source, *speakers, "--recipe", recipe or default, "--out", store]
        sets = [word for change in changes for word in ("--set", change)] if recipe else []
        yield ["train", recipe or default, *sets, "--store", store, "--out", run, "--resume", *options]
        notes.append(_limits(run))
        yield ["evaluate", run, *(["--device", "cuda"] if "cuda" in options else [])]
        yield ["train", run, "--refit", *options]

    run_steps(steps())
    for note in filter(None, notes):
        print(f"\n{note}", file=sys.stderr)
    print(f"\nNow: serenade predict YOUR.wav --model {shlex.quote(str(run))}", file=sys.stderr)


def _write_default_recipe(
    source: Path, file: Path, changes: Sequence[str], *, speakers_from: str | None
) -> None:
    """Write the default recipe for a corpus, and print which split it uses and why."""
    from serenade.corpora import read_corpus
    from serenade.files import write_whole
    from serenade.training.default_recipe import default_recipe

    clips = read_corpus(source, speakers_from=speakers_from)
    recipe = default_recipe(clips, name=file.stem, changes=changes)
    with write_whole(file) as text:
        text.write(recipe.to_toml())
    print(f"\n{file}: {recipe.about}", file=sys.stderr)


def _limits(run: Path) -> str:
    """What the split of a run means for its figures; "" for a split by speaker."""
    from serenade.corpora.split_registry import split_rule
    from serenade.folders import RunFolder

    return _NOT_SPEAKER_INDEPENDENT.get(split_rule(RunFolder(run).read_summary().split).grouped_by, "")
