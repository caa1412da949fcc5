from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from serenade.audio.front_end import FrontEnd
from serenade.corpora import list_corpora, make_split
from serenade.corpora.registry import CORPORA
from serenade.domain import Domain
from serenade.features.store import Store
from serenade.spec import Spec
from serenade.training.model_card import model_card
from serenade.training.recipe import Recipe

LOG = [{"epoch": 1.0, "dev_uar": 0.25, "dev_weighted_f1": 0.5}]


@pytest.fixture
def card(store: Store, tiny: Callable[..., Recipe]) -> Callable[..., str]:
    """`card(inputs="text", corpus="meld", monitor="dev_uar")`: the card of a model that was never trained."""

    def made(
        *, inputs: str = "sound", corpus: str = "cremad", monitor: str = "dev_uar", name: str = "toy", **how
    ) -> str:
        spec = Spec(
            domain=how.pop("domain", None),
            name=name,
            labels=("anger", "neutral", "sadness"),
            front_end=FrontEnd(),
            network="compact",
            inputs=inputs,
            corpora=({"name": corpus, "license": "MIT"},),
            license='CC "x": y',
        )
        recipe = tiny(training={"monitor": monitor}, data={"inputs": inputs})
        copies = [
            store.index.assign(**{name: store.index[name] + f"-{n}" for name in ("id", "source", "sha256")})
            for n in range(how.pop("copies", 1))
        ]
        split = make_split(
            pd.concat(copies, ignore_index=True), "grouped-3", fold=1, without_test=how.pop("final", False)
        )
        return model_card(spec, recipe, split, LOG, **how)

    return made


@pytest.mark.parametrize(
    ("inputs", "takes", "command"),
    [
        ("sound", "from speech.", "serenade predict recording.wav --model ."),
        ("text", "from text.", 'serenade predict --text "What was said." --model .'),
        ("both", "from speech and its text.", '.wav --text "What was said." --model .'),
    ],
)
def test_it_states_what_the_model_takes(card, inputs: str, takes: str, command: str):
    written = card(inputs=inputs)
    assert f"Predicts anger, neutral, sadness {takes}" in written
    assert command in written
    assert ("16,000 Hz" in written) == (inputs != "text")


def test_large_numbers_have_separators(card):
    assert ": 3,600 train / 1,200 dev / 2,400 test clips;" in card(copies=100)
    assert ": 36 train / 12 dev / 24 test clips;" in card()


def test_a_network_without_a_graph_has_no_command(card):
    assert "serenade predict recording.wav" not in card(has_onnx=False)
    assert "`serenade evaluate` can" in card(has_onnx=False)


def test_the_figure_is_the_one_that_the_epoch_was_chosen_by(card):
    assert "| dev UAR | 25.0% " in card()
    assert "| dev weighted F1 | 50.0% " in card(monitor="dev_weighted_f1")


@pytest.mark.parametrize("corpus", list_corpora())
def test_limits_follow_from_the_corpus(card, corpus: str):
    acted = CORPORA[corpus].acted
    assert ("trained on acted speech" in card(corpus=corpus)) == acted
    assert "it cannot know what a person feels" in card(corpus=corpus)


def test_a_final_model_is_called_final(card):
    assert "final model, trained on all speakers" in card(final=True)
    assert "no test part" in card(final=True)
    assert "final model" not in card()


def test_names_are_escaped(card):
    written = card(name="*a*|b\n# <script>\x1b[31m `c`", corpus="[x](y)")
    assert "\x1b" not in written
    assert "<script>" not in written
    assert r"\[x\](y)" in written
    (title,) = (line for line in written.splitlines() if line.startswith("# "))
    assert title == r"# \*a\*\|b\\n\# \<script\>\\x1b\[31m \`c\`"
    assert r'license_name: "CC \"x\": y"' in written.splitlines()


@pytest.mark.parametrize(
    ("clips", "speakers", "written"),
    [
        (36, 1, "99% of 36 clips of 1 held-out speaker keep"),
        (1126, 20, "99% of 1,126 clips of 20 held-out speakers keep"),
    ],
)
def test_the_domain_check_counts_its_speakers(card, clips: int, speakers: int, written: str):
    domain = Domain(components=4, centres=1, share_inside=0.99, clips=clips, speakers=speakers)
    assert f"that {written} |" in card(domain=domain)
