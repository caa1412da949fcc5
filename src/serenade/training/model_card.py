"""The model card: what a model is, where it comes from, and what it must not be used for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from serenade.corpora import Split
from serenade.corpora.registry import CORPORA
from serenade.evaluation.report.format import counted, thousands
from serenade.folders import EpochLog
from serenade.spec import Spec
from serenade.text import printable
from serenade.training.epochs import kept_epoch
from serenade.training.recipe import Recipe

_CARD = """---
library_name: serenade
pipeline_tag: {task}-classification
{license}
{language}tags: [serenade, speech-emotion-recognition, emotion, speech, onnx]
---
# {name}

Predicts {labels} from {inputs}. Network `{network}`, trained with serenade {version} on {created}.

{use}

| | |
|---|---|
| trained on | {corpora} |
| split | `{split}`, {place}: {sizes} clips; hash `{split_hash}` |
{teacher}{encoder}| dialogue context | {context} |
| input | {input} |
| dev {score_name} | {score:.1%} ({dev_use}; not a test result) |
| temperature, fitted on dev | {temperature:.3f} |
| `unsure` below a confidence of | {unsure_below:.2f} |
| speaker adaptation | {adaptation} |
| domain check | {domain} |
| recipe hash | `{recipe_hash}` |

{remarks}## Limits

{limits} The model predicts an emotion from {inputs}; it cannot know what a person feels. Do not use it to
judge, select, monitor or diagnose people.
"""

_LEAKY = """**The split of this model leaks on purpose**: the same speakers are in train, dev and test. Its
figures are too high; it is for comparison only.

"""

_FINAL = """This is a final model, trained on all speakers of the corpus. How good it is on other speakers is
estimated by the cross-validation of the same recipe.

"""

_ACTED = """The model was trained on acted speech. Acted emotion is louder and clearer than spontaneous
emotion, the actors are few, and they speak the languages of the corpora above."""

_NOT_ACTED = """The model was trained and tested on the speakers, the language and the recording conditions of
the corpora above, and on no others."""

_INPUTS = {"sound": "speech", "text": "text", "both": "speech and its text"}
_FORMATS = {
    "sound": "sound, resampled to mono at {:,} Hz",
    "text": "text",
    "both": "text, and sound, resampled to mono at {:,} Hz",
}
_CONTEXT = {
    "none": "none: each utterance by itself",
    "past": "the utterances before",
    "all": "the whole dialogue, with the utterances after",
}
_EXAMPLES = {
    "sound": "serenade predict recording.wav --model .",
    "text": 'serenade predict --text "What was said." --model .',
    "both": 'serenade predict recording.wav --text "What was said." --model .',
}
_RUN_HERE = "Run in this folder:\n\n```\n{}\n```"
_NO_ONNX = (
    "This network cannot be exported as ONNX, so `serenade predict` cannot run it; `serenade evaluate` can."
)


def model_card(
    spec: Spec, recipe: Recipe, split: Split, log: Sequence[EpochLog], *, has_onnx: bool = True
) -> str:
    """The README.md of a model folder, with Hugging Face front matter.

    Args:
        spec: of the model.
        recipe: of the training.
        split: of the training.
        log: figures of every epoch.
        has_onnx: whether the folder has the graph that `serenade predict` runs.
    """
    sizes = split.to_dict()["clips"]
    acted = {corpus.name for corpus in CORPORA.entries() if corpus.acted}
    score = recipe.training.score
    final = "test" not in sizes
    return _CARD.format(
        name=_escaped(spec.name),
        license=_license(spec.license),
        language=_language(spec),
        task="text" if spec.inputs == "text" else "audio",
        labels=", ".join(_escaped(label) for label in spec.labels),
        inputs=_INPUTS[spec.inputs],
        network=_code(spec.network),
        version=spec.serenade_version,
        created=spec.created[:10],
        use=_RUN_HERE.format(_EXAMPLES[spec.inputs]) if has_onnx else _NO_ONNX,
        corpora=_corpora(spec) or "a corpus without a name",
        split=_code(split.name),
        place=f"fold {split.fold} of {split.n_folds}"
        if split.fold
        else "no test part"
        if final
        else "no folds",
        sizes=" / ".join(f"{thousands(count)} {part}" for part, count in sizes.items()),
        split_hash=split.hash[:12],
        context=_CONTEXT[spec.context],
        teacher=_teacher(recipe),
        encoder=_encoder(spec),
        input=_FORMATS[spec.inputs].format(spec.front_end.rate_hz),
        score_name={"uar": "UAR"}.get(score, score.replace("_f1", " F1")),
        score=kept_epoch(log, recipe)[f"dev_{score}"],
        dev_use=_dev_use(spec, recipe),
        temperature=spec.temperature,
        unsure_below=spec.unsure_below,
        adaptation=_adaptation(spec),
        domain=_domain(spec),
        recipe_hash=spec.recipe_hash[:12],
        remarks=(_LEAKY if split.leaky else "") + (_FINAL if final else ""),
        limits=_ACTED if acted & {corpus["name"] for corpus in spec.corpora} else _NOT_ACTED,
    )


_HUB_LICENSES = {
    "MIT",
    "Apache-2.0",
    "CC0-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-4.0",
}
"""Licences for which the Hugging Face hub has an identifier: their name in lower case."""


def _license(license: str) -> str:
    """The lines of the front matter on the licence."""
    if license in _HUB_LICENSES:
        return f"license: {license.lower()}"
    return f'license: other\nlicense_name: "{_quoted(license or "unknown")}"'


def _language(spec: Spec) -> str:
    """The line of the front matter on the languages of the corpora; "" where one is of any language."""
    known = [CORPORA[corpus["name"]].languages for corpus in spec.corpora if corpus["name"] in CORPORA]
    languages = sorted({language for languages in known for language in languages})
    complete = all(known) and len(known) == len(spec.corpora)
    return f"language: [{', '.join(languages)}]\n" if languages and complete else ""


def _corpora(spec: Spec) -> str:
    return ", ".join(
        f"{_escaped(corpus['name'])} ({_escaped(corpus['license'] or 'licence unknown')})"
        for corpus in spec.corpora
    )


def _teacher(recipe: Recipe) -> str:
    """The row on distillation; "" without."""
    data = recipe.data
    if not data.distill_from:
        return ""
    what = f"predictions of `{_code(Path(data.distill_from).name)}`, weight {data.distill_weight}"
    if data.distill_features:
        what += f"; {data.distill_features} principal components of its text vectors"
    return f"| distilled from | {what} |\n"


def _dev_use(spec: Spec, recipe: Recipe) -> str:
    """Where the dev figure comes from."""
    if spec.network == "encoder":
        return "cross-validation by speaker within the training clips, used for calibration"
    return "used to choose the epoch" if recipe.training.checkpoint == "best" else "used for calibration"


def _encoder(spec: Spec) -> str:
    """The row on a pretrained speech encoder; "" without."""
    if spec.network != "encoder":
        return ""
    arguments = spec.network_args
    layers = f"layers {arguments.get('first_layer', 1)} to {arguments.get('last_layer', 5)}"
    name = _code(str(arguments.get("encoder", "serenade-base")))
    return f"| encoder | `{name}`, {layers}, weights in {arguments.get('precision', 'int8')} |\n"


def _escaped(text: str) -> str:
    r"""A name as Markdown shows it, also in a table.

    >>> print(_escaped("a|b *c* <d>"))
    a\|b \*c\* \<d\>
    """
    return re.sub(r"([\\`*_{}\[\]<>#|$~&])", r"\\\1", printable(text))


def _code(text: str) -> str:
    """A name between backticks, also in a table."""
    return printable(text).replace("`", "'").replace("|", r"\|")


def _quoted(text: str) -> str:
    """A text between double quotes of YAML."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _adaptation(spec: Spec) -> str:
    fitted = spec.adaptation
    if fitted is None:
        return "none: too few speakers that it was not trained on"
    clips, speakers = counted(fitted.clips, "clip"), counted(fitted.speakers, "speaker")
    return f"`predict --speakers`, fitted on {clips} of {speakers}"


def _domain(spec: Spec) -> str:
    found = spec.domain
    if found is None:
        return "none"
    return (
        f"`unsure` beyond the distance to the training data that {found.share_inside:.0%} of "
        f"{counted(found.clips, 'clip')} of {counted(found.speakers, 'held-out speaker')} keep"
    )
