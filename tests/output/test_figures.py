from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from serenade.inference.prediction import ModelName, Prediction, Quality
from serenade.output.envelope import envelope
from serenade.output.figures import draw

pytest.importorskip("matplotlib")


def test_the_envelope_does_not_depend_on_how_the_sound_is_cut():
    sound = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    whole = envelope([sound], width=64)
    assert whole.shape == (2, 16)
    np.testing.assert_array_equal(envelope(np.array_split(sound, 7), width=64), whole)
    assert whole.min() == sound.min()
    assert whole.max() == sound.max()


@pytest.fixture
def prediction(tmp_path):
    """Makes the prediction of a file with a name, and labels."""

    def make(name, labels):
        soundfile.write(tmp_path / name, 0.1 * np.sin(np.arange(16_000) / 5), 16_000, format="WAV")
        quality = Quality(duration_s=1.0, speech_ratio=1.0, level_dbfs=-20.0, clipped=False)
        scores = {label: 1 / len(labels) for label in labels}
        model = ModelName(name="$model_{$", version="1", license="")
        file = str(tmp_path / name)
        return Prediction.of(scores, quality=quality, model=model, end=1.0, file=file)

    return make


@pytest.mark.parametrize("name", ["$x$.wav", "a$b_{.wav", r"\frac{.wav", "\x1b[31mred\n.wav", "%s_^.wav"])
def test_any_name_and_label_can_be_drawn(prediction, tmp_path, name):
    labels = ["anger", "$\\bad$", "a_{b", "two\nlines"]
    made = prediction(name, labels)
    draw(made, [made], labels=labels, out=tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_dollar_signs_are_drawn_as_they_are(prediction, tmp_path, monkeypatch):
    """The title is the name itself, not a formula."""
    from matplotlib.figure import Figure

    drawn = []
    savefig = Figure.savefig

    def seen(self, *arguments, **options):
        savefig(self, *arguments, **options)
        title = self.axes[0].title
        drawn.append((title.get_text(), title.get_parse_math()))

    monkeypatch.setattr(Figure, "savefig", seen)
    made = prediction("$x$.wav", ["anger"])
    draw(made, [made], labels=["anger"], out=tmp_path / "out.png")
    assert drawn == [("$x$.wav: anger (100%)", False)]
    assert Path(tmp_path / "out.png").exists()
