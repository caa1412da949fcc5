"""The sections of a recipe; what a file leaves out has the default.

The docstrings are the source of docs/reference/recipe.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from serenade.audio.front_end import FrontEnd
from serenade.corpora.split_registry import DEV_SHARE
from serenade.training.recipe_types import (
    Count,
    Fraction,
    FractionBelowOne,
    NonNegative,
    Positive,
    PositiveCount,
)

Monitor = Literal["dev_uar", "dev_weighted_f1", "dev_accuracy", "dev_loss"]


@dataclass(frozen=True, kw_only=True)
class StoreSection:
    """Which store the recipe needs: what `serenade prepare --recipe` makes and `serenade train` checks.

    Attributes:
        corpus: name of the corpus; "" accepts any.
        front_end: keys of the log-mel front end, as in `serenade.audio.front_end.FrontEnd`; accepts any
            where the section is missing.
        variants: waveform variants of every clip (noise, speed, pitch, reverberation), 0 to 8; a store with
            more is accepted.
        noisy_copies: copies of every clip with synthetic noise, reverberation or telephone band.
        trim: whether silence at both ends of a clip is removed.
    """

    corpus: str = ""
    front_end: FrontEnd | None = None
    variants: Annotated[int, Meta(ge=0, le=8)] = 0
    noisy_copies: Annotated[int, Meta(ge=0, le=8)] = 0
    trim: bool = False


@dataclass(frozen=True, kw_only=True)
class DataSection:
    """Inputs, split and targets.

    Attributes:
        inputs: what the network takes as input.
        labels: labels to train; clips with another label are skipped. Empty for all labels of the store.
        split: how clips are split into train, dev and test; one of `serenade list splits`.
        split_corpus: in a store of several corpora, the corpus that is split; the clips of the others with
            one of its labels are all in train. "" splits all.
        fold: one fold, from 1; 0 trains every fold.
        split_seed: seed of the random choices of the split, such as the dev speakers.
        dev_fraction: fraction of the training speakers that become dev, where the split does not name them.
        train_speakers: number of training speakers that are used, drawn at random; 0 for all.
        speaker_draw: number of the random order that they are drawn by.
        vote_weight: weight of the listeners' votes in the targets; the rest is the label.
        variants: how the waveform variants of a clip are used in training: "all" as further clips, "sample"
            in half of the epochs one of them in place of the clip, "none" not at all.
        auxiliary_targets: columns of the store that are predicted as well in training, such as "sentence";
            their layers are not part of the trained model.
        distill_from: folder of a finished run with the same split, whose predictions become part of the
            targets (knowledge distillation; Hinton et al. 2015); "" for none.
        distill_weight: weight of the teacher's predictions in the targets.
        distill_features: number of principal components of the teacher's text vectors that are predicted as
            well (feature distillation; Romero et al. 2015); 0 for none.
    """

    inputs: Literal["sound", "text", "both"] = "sound"
    labels: tuple[str, ...] = ()
    split: str = "grouped-5"
    split_corpus: str = ""
    fold: Count = 0
    split_seed: Count = 0
    dev_fraction: FractionBelowOne = DEV_SHARE
    train_speakers: Count = 0
    speaker_draw: Count = 0
    vote_weight: FractionBelowOne = 0.0
    variants: Literal["all", "sample", "none"] = "all"
    auxiliary_targets: tuple[str, ...] = ()
    distill_from: str = ""
    distill_weight: Fraction = 0.7
    distill_features: Count = 0


@dataclass(frozen=True, kw_only=True)
class TextSection:
    """How texts become numbers: by a vocabulary of the training texts, or by pretrained encoders.

    Attributes:
        min_count: smallest number of occurrences in the training texts for a token to be in the vocabulary.
        encoder: pretrained text encoders, each a Hugging Face folder or name; their vectors are
            concatenated. Empty for a vocabulary.
        layers: layers of each encoder whose outputs are concatenated, from 1.
        trainable_layers: number of layers of the last encoder that are fine-tuned, up to the last one in
            `layers`, by a network that takes subword tokens (`text_encoder`); 0 keeps it frozen.
        prepend_speaker: whether a fine-tuned encoder reads the speaker's name before the text.
    """

    min_count: PositiveCount = 2
    encoder: tuple[str, ...] = ()
    layers: tuple[PositiveCount, ...] = ()
    trainable_layers: Count = 0
    prepend_speaker: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkSection:
    """Which network is trained.

    Attributes:
        name: one of `serenade list networks`.
        options: arguments of its constructor.
    """

    name: str = "compact"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainingSection:
    """Optimisation, and which epoch is kept.

    Attributes:
        epochs: number of epochs, at most.
        batch_size: clips of a step on each device; dialogues, for a network of dialogues.
        learning_rate: of AdamW; the maximum of "one-cycle".
        weight_decay: of AdamW, on matrices and filters.
        encoder_learning_rate: of the layers of a pretrained encoder that are fine-tuned.
        muon_learning_rate: of Muon (Jordan et al. 2024), for the filters and matrices that the network
            names; AdamW has the other weights. 0 uses AdamW for all.
        muon_weight_decay: of Muon.
        schedule: of the learning rates: "one-cycle" (Smith 2018), "plateau" (halved when `monitor` does not
            improve), or "constant".
        warmup_fraction: fraction of the steps in which "one-cycle" rises.
        plateau_patience: epochs without improvement before "plateau" halves the learning rates.
        sampler: "random", or "balanced" (every class equally often, drawn with replacement).
        class_weights: whether the loss is weighted by inverse class frequency.
        label_smoothing: probability that is spread evenly over all classes in the targets.
        auxiliary_loss_weight: weight of the loss of `data.auxiliary_targets` and `data.distill_features`.
        logit_adjustment: strengths of the logit adjustment (Menon et al. 2021) to choose from on dev: 0
            leaves the logits as they are, 1 removes the class frequencies of the training data.
        ema_decay: decay of the exponential moving average of the weights, which is evaluated and kept; 0
            keeps no average.
        gradient_clip_norm: greatest norm of the gradient; 0 does not clip.
        precision: "bf16", "fp32", or "auto" (bf16 where the hardware computes in it).
        checkpoint: the epoch that is kept: "best" by `monitor`, or "last".
        monitor: the figure of the dev part that decides.
        early_stopping_patience: epochs without improvement before training stops; 0 never stops early.
        ridge_penalty: of the squared weights of a linear classifier in closed form (network `encoder`),
            relative to the number of features.
        other_corpora_weight: total weight of each further corpus of the store in that classifier, relative
            to the corpus that is split.
        seeds: one training each.
    """

    epochs: PositiveCount = 40
    batch_size: PositiveCount = 48
    learning_rate: Positive = 1e-3
    weight_decay: NonNegative = 1e-4
    encoder_learning_rate: NonNegative = 3e-5
    muon_learning_rate: NonNegative = 0.0
    muon_weight_decay: NonNegative = 0.05
    schedule: Literal["one-cycle", "plateau", "constant"] = "one-cycle"
    warmup_fraction: FractionBelowOne = 0.2
    plateau_patience: Count = 5
    sampler: Literal["random", "balanced"] = "random"
    class_weights: bool = False
    label_smoothing: FractionBelowOne = 0.0
    auxiliary_loss_weight: NonNegative = 0.3
    logit_adjustment: Annotated[tuple[NonNegative, ...], Meta(min_length=1)] = (0.0,)
    ema_decay: FractionBelowOne = 0.0
    gradient_clip_norm: NonNegative = 0.0
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    checkpoint: Literal["best", "last"] = "best"
    monitor: Monitor = "dev_uar"
    early_stopping_patience: Count = 0
    ridge_penalty: Positive = 1.0
    other_corpora_weight: NonNegative = 0.2
    seeds: Annotated[tuple[Count, ...], Meta(min_length=1)] = (0,)

    @property
    def score(self) -> str:
        """The metric that is shown of the dev part: `monitor`, or UAR where that is the loss.

        >>> TrainingSection(monitor="dev_weighted_f1").score, TrainingSection(monitor="dev_loss").score
        ('weighted_f1', 'uar')
        """
        return "uar" if self.monitor == "dev_loss" else self.monitor.removeprefix("dev_")
