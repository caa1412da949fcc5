"""The model card: what a model is, where it comes from, what it must not be used for."""

from __future__ import annotations

from serenade.corpora.splits import Split
from serenade.inference.spec import Spec
from serenade.training.loop import EpochLog, kept_line
from serenade.training.recipe import Recipe

CARD = "README.md"
"""Its name in a model folder."""

_CARD = """---
library_name: serenade
pipeline_tag: audio-classification
license: other
license_name: {license}
tags: [speech, emotion]
---
# {name}

Hears {labels} in speech. Network `{network}`, made by serenade {version} on {created}.

```
serenade predict recording.wav --model .
```

| | |
|---|---|
| trained on | {corpora} |
| split | `{split}`{fold}, {sizes} clips; hash `{split_hash}` |
| context | {context} |
| input | mono, {rate_hz} Hz (other files are converted, and the answer says so) |
| kept epoch's dev UAR | {dev_uar:.1%} (used for choosing: not a test result) |
| temperature, fitted on dev | {temperature:.3f} |
| `unsure` below a confidence of | {unsure_below:.2f} |
| recipe hash | `{recipe_hash}` |

{leaky}## What it must not be used for
It learnt from actors. Played emotion is louder and clearer than felt emotion, the actors are few, and their
language is one. It hears how a voice sounds, never what a person feels. Do not use it to judge, select,
monitor or diagnose people.
"""

_LEAKY = """**This model was trained under a split that leaks on purpose** (the same speakers are on both
sides). Its figures are far too good; it is here for comparison only.

"""


_CONTEXT = {
    "none": "each utterance is judged on its own",
    "past": "an utterance is judged with the dialogue so far",
    "all": "an utterance is judged with the whole dialogue, its future too",
}


def model_card(spec: Spec, recipe: Recipe, split: Split, lines: list[EpochLog]) -> str:
    """The README.md of a model folder, with Hugging Face front matter."""
    corpora = ", ".join(
        f"{corpus['name']} ({corpus['license'] or 'licence unknown'})" for corpus in spec.corpora
    )
    sizes = split.to_dict()["clips"]
    return _CARD.format(
        name=spec.name,
        license=spec.license or "unknown",
        labels=", ".join(spec.labels),
        network=spec.network,
        version=spec.serenade_version,
        created=spec.created[:10],
        corpora=corpora or "a corpus without a name",
        split=split.name,
        fold=f", fold {split.fold} of {split.n_folds}" if split.fold else "",
        sizes=" / ".join(f"{count} {part}" for part, count in sizes.items()),
        split_hash=split.hash[:12],
        context=_CONTEXT[spec.context],
        rate_hz=spec.front_end.rate_hz,
        dev_uar=kept_line(lines, recipe)["dev_uar"],
        temperature=spec.temperature,
        unsure_below=spec.unsure_below,
        recipe_hash=spec.recipe_hash[:12],
        leaky=_LEAKY if split.leaky else "",
    )
