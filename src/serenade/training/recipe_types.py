"""Types of the values in a recipe, with their ranges; msgspec checks them when a recipe is read."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=0)]
"""An integer of 0 or more."""

PositiveCount = Annotated[int, Meta(ge=1)]
"""An integer of 1 or more."""

NonNegative = Annotated[float, Meta(ge=0)]
"""A number of 0 or more."""

Positive = Annotated[float, Meta(gt=0)]
"""A number above 0."""

Fraction = Annotated[float, Meta(ge=0, le=1)]
"""A number from 0 to 1."""

FractionBelowOne = Annotated[float, Meta(ge=0, lt=1)]
"""A number from 0 to 1, 1 excluded."""
