"""`serenade train FOLDER`: from recordings to an evaluated model, each step as the command that does it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from serenade.cli.steps import run_steps

_UNKNOWN_SPEAKERS = """\
serenade: this result is not speaker-independent. {reason}, so train and test are
split at random by file, and the same people may be in both. The figures say how well the model recognises
emotions of the people in these recordings; for other people expect clearly less. To measure that, name the
speakers: --speakers-from folder, --speakers-from name:REGEX, or a column `speaker` in a manifest."""


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
        speakers_from: where the speakers are named.
        options: further options of `serenade train`.
    """
    name = source.absolute().stem if source.is_file() else source.absolute().name
    run = out or Path("runs") / name
    store, default = run.with_name(f"{run.name}_store"), run.with_name(f"{run.name}.toml")
    notes: list[str] = []

    def steps() -> Iterator[list[str | Path]]:
        speakers: list[str | Path] = ["--speakers-from", speakers_from] if speakers_from else []
        yield ["inspect", source, *speakers]
        wanted: list[str | Path] = ["--recipe", recipe] if recipe else []
        yield ["prepare", source, *speakers, *wanted, "--out", store]
        if recipe is None:
            notes.extend(_write_default_recipe(store, default, changes))
        sets = [word for change in changes for word in ("--set", change)] if recipe else []
        chosen = recipe or default
        yield ["train", chosen, *sets, "--store", store, "--out", run, "--resume", *options]
        yield ["evaluate", run]
        yield ["train", run, "--refit", *options]

    run_steps(steps())
    for note in notes:
        print(f"\n{note}", file=sys.stderr)
    print(f"\nNow: serenade predict YOUR.wav --model {run}", file=sys.stderr)


def _write_default_recipe(store: Path, file: Path, changes: Sequence[str]) -> list[str]:
    """Write the default recipe for a store; what its split means for the figures, if anything."""
    from serenade.features.store import Store
    from serenade.files import write_whole
    from serenade.training.default_recipe import default_recipe

    usable = Store.open(store).usable
    clips = usable[usable["emotion"] != ""]
    recipe = default_recipe(clips, name=file.stem, changes=changes)
    with write_whole(file) as text:
        text.write(recipe.to_toml())
    if not recipe.data.split.endswith("leaky"):
        return []
    unknown = int((clips["speaker"] == "").sum())
    reason = (
        f"{unknown} of {len(clips)} clips have no speaker"
        if unknown
        else f"There are only {clips['speaker'].nunique()} speakers"
    )
    return [_UNKNOWN_SPEAKERS.format(reason=reason)]
