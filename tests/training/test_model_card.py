from __future__ import annotations

from collections.abc import Callable

import pytest

from serenade.audio.logmel import FrontEnd
from serenade.corpora import make_split
from serenade.features.store import Store
from serenade.spec import Spec
from serenade.training.model_card import model_card
from serenade.training.recipe import Recipe

LINES = [{"epoch": 1.0, "dev_uar": 0.25, "dev_weighted_f1": 0.5}]


@pytest.fixture
def card(store: Store, tiny: Callable[..., Recipe]) -> Callable[..., str]:
    """`card(inputs="text", corpus="meld", monitor="dev_uar")`: the card of a model that was never trained."""

    def made(*, inputs: str = "sound", corpus: str = "cremad", monitor: str = "dev_uar") -> str:
        spec = Spec(
            name="toy",
            labels=("anger", "neutral", "sadness"),
            front_end=FrontEnd(),
            network="compact",
            inputs=inputs,
            corpora=({"name": corpus, "license": "MIT"},),
        )
        recipe = tiny(training={"monitor": monitor}, data={"inputs": inputs})
        return model_card(spec, recipe, make_split(store.index, "grouped-3", fold=1), LINES)

    return made


@pytest.mark.parametrize(
    ("inputs", "does", "takes"),
    [
        ("sound", "Hears anger, neutral, sadness in speech.", "predict recording.wav --model ."),
        ("text", "Reads anger, neutral, sadness in texts.", 'predict --text "what was said" --model .'),
        (
            "both",
            "Tells anger, neutral, sadness from what is",
            'recording.wav --text "what was said" --model .',
        ),
    ],
)
def test_it_says_what_the_model_takes(card, inputs: str, does: str, takes: str):
    written = card(inputs=inputs)
    assert does in written
    assert takes in written
    assert ("16000 Hz" in written) == (inputs != "text")


def test_the_figure_is_that_by_which_it_was_chosen(card):
    assert "| kept epoch's dev UAR | 25.0% " in card()
    assert "| kept epoch's dev weighted F1 | 50.0% " in card(monitor="dev_weighted_f1")


def test_limits_are_those_of_what_it_learnt_from(card):
    assert "It learnt from actors." in card()
    assert "It learnt from actors." not in card(corpus="manifest")
    for inputs in ("sound", "text", "both"):
        assert "never what a person feels" in card(inputs=inputs, corpus="manifest")
