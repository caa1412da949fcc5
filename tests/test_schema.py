from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from serenade.schema import Length, Plain, Range, SchemaError, build, check_fields


@dataclass(frozen=True, kw_only=True)
class Example:
    count: Annotated[int, Range(1, 10)] = 1
    share: Annotated[float, Range(0, 1)] | None = None
    names: Annotated[tuple[Annotated[str, Length(1, 5)], ...], Length(0, 3)] = ()
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    more: Annotated[dict[str, Any], Plain()] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_fields(self)


def test_values_get_the_type_of_their_field():
    example = Example(count=3.0, share=1, names=["x", "y"], more={"list": (1, 2)})
    assert (type(example.count), type(example.share)) == (int, float)
    assert example.names == ("x", "y")
    assert example.more == {"list": [1, 2]}
    assert type(Example(share=np.float32(0.5)).share) is float


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "'count' must be between 1 and 10, not 0"),
        ({"count": 1.5}, "'count' must be a whole number, not 1.5"),
        ({"count": True}, "'count' must be a whole number, not True"),
        ({"count": 10**5000}, "'count' must be between 1 and 10, not a huge number"),
        ({"count": float("inf")}, "'count' must be a whole number, not inf"),
        ({"share": float("nan")}, "'share' must be between 0 and 1, not nan"),
        ({"names": ["x", "too long"]}, r"'names\[1\]' must have 1 to 5 characters, and has 8"),
        ({"names": ["x"] * 4}, "'names' must have 0 to 3 entries, and has 4"),
        ({"names": "abc"}, "'names' must be a list, not 'abc'"),
        ({"kind": "c"}, "'kind' must be one of a, b, not 'c'"),
        ({"kind": ["a"]}, "'kind' must be one of a, b, not a list of 1"),
        ({"flag": 1}, "'flag' must be true or false, not 1"),
        ({"more": [1]}, "'more' must be a table of names and values, not a list of 1"),
        ({"more": {"x": object}}, "'more.x' must be text, a number, a list or a table"),
        ({"more": {"x": [float("inf")]}}, r"'more.x\[0\]' must be between"),
        ({"more": {"x": "y" * 20_000}}, "'more.x' must have 0 to 10,000 characters"),
    ],
)
def test_a_value_out_of_bounds_is_refused_in_one_sentence(change, message):
    with pytest.raises(SchemaError, match=f"^{message}") as caught:
        Example(**change)
    assert len(str(caught.value)) < 150


def test_mappings_are_read_with_or_without_all_keys():
    assert build(Example, {"count": 2}) == Example(count=2)
    assert build(Example, {"cuont": 2}, unknown="ignore") == Example()
    with pytest.raises(SchemaError, match="unknown key 'cuont'; did you mean 'count'"):
        build(Example, {"cuont": 2})
    with pytest.raises(SchemaError, match="the key 'share' is missing"):
        build(Example, {"count": 2}, complete=True)
    with pytest.raises(SchemaError, match="the content must be a table of names and values, not 3"):
        build(Example, 3)
