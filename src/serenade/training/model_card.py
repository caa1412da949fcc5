"""The model card: what a model is, where it comes from, what it must not be used for."""

from __future__ import annotations

from pathlib import Path

from serenade.corpora import Split, list_corpora
from serenade.folders import EpochLog
from serenade.spec import Spec
from serenade.training.epochs import kept_epoch
from serenade.training.recipe import Recipe

_CARD = """---
library_name: serenade
pipeline_tag: {task}-classification
license: other
license_name: {license}
tags: [speech, emotion]
---
# {name}

{does}. Network `{network}`, made by serenade {version} on {created}.

```
serenade predict {example} --model .
```

| | |
|---|---|
| trained on | {corpora} |
| split | `{split}`{fold}, {sizes} clips; hash `{split_hash}` |
{teacher}| context | {context} |
| input | {input} |
| kept epoch's dev {score_name} | {score:.1%} (used for choosing: not a test result) |
| temperature, fitted on dev | {temperature:.3f} |
| `unsure` below a confidence of | {unsure_below:.2f} |
| recipe hash | `{recipe_hash}` |

{leaky}## What it must not be used for
{limits} {knows}, never what a person feels. Do not use it to judge, select,
monitor or diagnose people.
"""

_LEAKY = """**This model was trained under a split that leaks on purpose** (the same speakers are on both
sides). Its figures are far too good; it is here for comparison only.

"""

_ACTED = """It learnt from actors. Played emotion is louder and clearer than felt emotion, the actors are few,
and their language is one."""

_OWN = (
    "It knows the speakers, the language and the recordings that it learnt from, and was tried on no others."
)

_DOES = {
    "sound": "Hears {} in speech",
    "text": "Reads {} in texts",
    "both": "Tells {} from what is said and how it sounds",
}
_KNOWS = {
    "sound": "It hears how a voice sounds",
    "text": "It reads words",
    "both": "It hears how a voice sounds and reads words",
}
_INPUT = {
    "sound": "mono, {} Hz (other files are converted, and the answer says so)",
    "text": "text",
    "both": "text, and sound: mono, {} Hz (other files are converted, and the answer says so)",
}
_EXAMPLE = {
    "sound": "recording.wav",
    "text": '--text "what was said"',
    "both": 'recording.wav --text "what was said"',
}
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
    acted = {corpus.name for corpus in list_corpora() if corpus.acted}
    teacher = (
        f"the answers of `{Path(recipe.data.distill_from).name}`, a share of {recipe.data.distill_weight}"
    )
    if recipe.data.distill_features:
        teacher += f", and {recipe.data.distill_features} components of the vectors that it reads"
    score = recipe.training.score
    return _CARD.format(
        name=spec.name,
        license=spec.license or "unknown",
        task="text" if spec.inputs == "text" else "audio",
        does=_DOES[spec.inputs].format(", ".join(spec.labels)),
        example=_EXAMPLE[spec.inputs],
        network=spec.network,
        version=spec.serenade_version,
        created=spec.created[:10],
        corpora=corpora or "a corpus without a name",
        split=split.name,
        fold=f", fold {split.fold} of {split.n_folds}" if split.fold else "",
        sizes=" / ".join(f"{count} {part}" for part, count in sizes.items()),
        split_hash=split.hash[:12],
        context=_CONTEXT[spec.context],
        teacher=f"| taught by | {teacher} |\n" if recipe.data.distill_from else "",
        input=_INPUT[spec.inputs].format(spec.front_end.rate_hz),
        score_name={"uar": "UAR"}.get(score, score.replace("_f1", " F1")),
        score=kept_epoch(lines, recipe)[f"dev_{score}"],
        temperature=spec.temperature,
        unsure_below=spec.unsure_below,
        recipe_hash=spec.recipe_hash[:12],
        leaky=_LEAKY if split.leaky else "",
        limits=_ACTED if acted & {corpus["name"] for corpus in spec.corpora} else _OWN,
        knows=_KNOWS[spec.inputs],
    )
