"""What a page and a client are shown of a model."""

from __future__ import annotations

from typing import Any

from serenade.spec import Spec


def model_info(spec: Spec) -> dict[str, Any]:
    """Labels, licence and origin of a model, ready for JSON.

    >>> from serenade import load_model
    >>> sorted(model_info(load_model("model.onnx").spec))
    ['corpora', 'labels', 'license', 'name', 'rate_hz', 'unsure_below', 'version']
    """
    names = ("name", "version", "license", "unsure_below")
    return {name: getattr(spec, name) for name in names} | {
        "labels": list(spec.labels),
        "rate_hz": spec.front_end.rate_hz,
        "corpora": [dict(corpus) for corpus in spec.corpora],
    }
