"""Whether a store fits a recipe."""

from __future__ import annotations

from serenade.errors import StoreError
from serenade.features.clips import NOISY
from serenade.features.store import Store
from serenade.training.recipe import Recipe


def check_store(recipe: Recipe, store: Store) -> None:
    """Check that a store is what a recipe needs in its section `[store]`.

    Args:
        recipe: the recipe.
        store: the store to train on.

    Raises:
        StoreError: it is of another corpus or front end, or has fewer variants, or is not trimmed; the
            message has the command that makes the right store.

    >>> import tempfile
    >>> import numpy as np, pandas as pd
    >>> from serenade.audio.front_end import FrontEnd
    >>> from serenade.features.store import write_store
    >>> clips = pd.DataFrame({"id": ["a"], "corpus": ["emodb"], "frames": [3]})
    >>> store = write_store(tempfile.mkdtemp(), [np.zeros((3, 128))], clips, front_end=FrontEnd())
    >>> check_store(Recipe.from_dict({"store": {"corpus": "emodb"}}), store)
    >>> try:
    ...     check_store(Recipe.from_dict({"name": "big", "store": {"variants": 8}}), store)
    ... except StoreError as error:
    ...     print(error.message.partition("; ")[0])
    does not fit the recipe 'big': it has 0 waveform variants of each clip, not 8
    """
    problems = _problems(recipe, store)
    if problems:
        raise StoreError(
            f"does not fit the recipe {recipe.name!r}: it {' and '.join(problems)}; make a store that fits "
            f"with: serenade prepare FOLDER --recipe {recipe.name}.toml --out STORE",
            file=store.path,
        )


def _problems(recipe: Recipe, store: Store) -> list[str]:
    """What does not fit, each as the end of a sentence about the store."""
    needed, problems = recipe.store, []
    corpora = sorted(set(store.index["corpus"])) if "corpus" in store.index else []
    if needed.corpus and needed.corpus not in corpora:
        problems.append(f"has the corpus {', '.join(corpora) or 'unknown'}, not {needed.corpus}")
    if recipe.data.inputs == "text":
        return problems
    if needed.front_end is not None and needed.front_end != store.front_end:
        found, wanted = store.front_end.to_dict(), needed.front_end.to_dict()
        key = next(key for key in wanted if found[key] != wanted[key])
        problems.append(f"has another front end ({key} is {found[key]}, not {wanted[key]})")
    originals = store.index["variant"] == "original"
    noisy = store.index["variant"].str.startswith(NOISY)
    for count, minimum, kind in (
        ((~originals & ~noisy).sum(), needed.variants, "waveform variants"),
        (noisy.sum(), needed.noisy_copies, "noisy copies"),
    ):
        if count // max(1, originals.sum()) < minimum:
            problems.append(f"has {count // max(1, originals.sum())} {kind} of each clip, not {minimum}")
    if needed.trim and not store.about.get("trim"):
        problems.append("is not trimmed")
    return problems
