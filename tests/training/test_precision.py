import pytest
import torch

from serenade.training.precision import computes_bf16, fabric_precision


@pytest.fixture
def processor(monkeypatch):
    """Make the processor one of a kind, whose oneDNN says yes to bf16 as it does wherever AVX-512 is."""

    def of(machine="x86_64", **instructions):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
        monkeypatch.setattr("platform.machine", lambda: machine)
        for name in ("avx512_bf16", "amx_tile"):
            monkeypatch.delattr(torch.cpu, f"_is_{name}_supported", raising=False)
        for name, there in instructions.items():
            monkeypatch.setattr(torch.cpu, f"_is_{name}_supported", lambda there=there: there, raising=False)

    return of


def test_emulated_bf16_is_not_chosen(processor):
    processor(avx512_bf16=False, amx_tile=False)
    assert not computes_bf16()
    assert fabric_precision("auto") == "32-true"


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_tile"])
def test_bf16_is_chosen_where_there_are_instructions(processor, name):
    processor(**{"avx512_bf16": False, "amx_tile": False, name: True})
    assert fabric_precision("auto") == "bf16-mixed"


def test_a_torch_that_cannot_be_asked_trains_in_float32(processor):
    processor()
    assert fabric_precision("auto") == "32-true"


def test_other_processors_are_judged_by_onednn(processor):
    processor("aarch64")
    assert computes_bf16()


def test_what_the_recipe_says_is_done_anyway(processor):
    processor(avx512_bf16=False)
    assert fabric_precision("bf16") == "bf16-mixed"
    processor(avx512_bf16=True)
    assert fabric_precision("fp32") == "32-true"
