"""The description: examples that fit it, and schemathesis, with many requests that it allows or not."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from serenade.service.errors import STATUS

schemathesis = pytest.importorskip("schemathesis")
jsonschema = pytest.importorskip("jsonschema")


def sound(seconds: float) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(8_000 * seconds)), 8_000, format="WAV")
    return file.getvalue()


def operations(description):
    """Each route as (path, method, operation)."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").json()


def test_every_response_has_an_example_that_fits_it(description):
    codes = set()
    for path, method, operation in operations(description):
        for status, response in operation["responses"].items():
            for media, content in response["content"].items():
                schema = content["schema"]
                name = schema.get("$ref", "").rpartition("/")[2]
                examples = [one["value"] for one in content.get("examples", {}).values()]
                examples += [content[key] for key in ("example",) if key in content]
                if name:
                    examples += [description["components"]["schemas"][name].get("example", None)]
                examples = [one for one in examples if one is not None]
                assert examples, (path, method, status, media)
                for example in examples:
                    jsonschema.validate(example, schema | {"components": description["components"]})
                    if int(status) >= 400:
                        codes.add(example["error"]["code"])
                        assert STATUS[example["error"]["code"]] == int(status)
    assert codes == set(STATUS)


def test_schemathesis_finds_nothing(run_server, model_file):
    schemathesis.openapi.format("binary", st.sampled_from([sound(0.3), sound(2.0)]))
    paths = []
    with run_server("--model", str(model_file)) as (_, url):
        for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
            operation = found.ok()
            paths.append(operation.path)
            check(operation, schemathesis.GenerationMode.POSITIVE)
            if operation.method == "post":  # without a body nothing can be wrong
                check(operation, schemathesis.GenerationMode.NEGATIVE)
    assert "/v1/timeline" in paths


def check(operation, mode):
    """Send requests that the description allows, or does not, and compare the responses with it."""

    @seed(0)
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        response = case.call()
        excluded = []
        # That a hop is at most a window cannot be described.
        if response.status_code == 422 and b"takes hops of" in response.content:
            excluded.append("positive_data_acceptance")
        # An empty array is nothing in a form.
        if isinstance(case.body, dict) and [] in case.body.values():
            excluded.append("negative_data_rejection")
        checks = [schemathesis.checks.CHECKS.get_one(name) for name in excluded]
        case.validate_response(response, excluded_checks=checks)

    run()
