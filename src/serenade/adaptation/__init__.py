"""Speaker adaptation: probabilities corrected by a speaker's own unlabelled clips, from the logits alone.

Speakers differ in their mean logits: a model finds the voice of one speaker angrier than that of another,
whatever the emotion. The mean over some clips of a speaker shows this offset, if they are many and of several
emotions. `Adaptation` is a part of the Spec of a model; `serenade.inference.adaptation` fits it.
"""

from serenade.adaptation.mixture import softmax
from serenade.adaptation.parameters import MAX_LABELS, Adaptation
from serenade.adaptation.speaker import Speaker

__all__ = ["MAX_LABELS", "Adaptation", "Speaker", "softmax"]
