"""A flipped bit anywhere in a model of ours is an error; a file of another program needs no checksum."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from serenade.errors import ModelError
from serenade.inference import checksum
from serenade.inference.graph import Graph


@pytest.fixture
def signed(tmp_path, model_file):
    """A toy model with a checksum, in the order of `serenade.networks.export`."""
    model = onnx.load(model_file)
    entries = checksum.METADATA | {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)
    file = tmp_path / "model.onnx"
    file.write_bytes(checksum.with_checksum(model.SerializeToString()))
    return file


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def is_refused(file, content: bytes) -> bool:
    file.write_bytes(content)
    try:
        Graph.load(file, threads=1)
    except ModelError as error:
        return "\n" not in str(error)
    return False


def test_the_checksum_is_an_entry_of_the_metadata(signed, model_file, toy):
    clip = toy.voice(1.0)
    model, plain = Graph.load(signed, threads=1), Graph.load(model_file, threads=1)
    np.testing.assert_array_equal(model.probabilities([clip]), plain.probabilities([clip]))
    metadata = {entry.key: entry.value for entry in onnx.load(signed).metadata_props}
    assert metadata["checksum"] == "sha256"
    assert len(metadata["sha256"]) == 64


def test_any_flipped_bit_is_an_error_and_nothing_else_is_printed(signed, capfd):
    content = signed.read_bytes()
    random = np.random.default_rng(0).integers(0, 8 * len(content), 2_000)
    last_entry = range(8 * (len(content) - 90), 8 * len(content))
    passed = [bit for bit in (*random, *last_entry) if not is_refused(signed, flipped(content, int(bit)))]
    assert not passed
    assert capfd.readouterr() == ("", "")


def test_a_model_cut_or_changed_anywhere_is_an_error(signed):
    content = signed.read_bytes()
    assert all(
        is_refused(signed, content[:size])
        for size in (*range(0, len(content), 7), *range(len(content) - 400, len(content)))
    )
    assert is_refused(signed, content.replace(b"sadness", b"neutral", 1))
    model = onnx.load_from_string(content)
    model.graph.initializer[0].raw_data = bytes(len(model.graph.initializer[0].raw_data))
    assert is_refused(signed, model.SerializeToString())


def test_a_wrong_checksum_says_what_to_do(signed):
    content = signed.read_bytes()
    signed.write_bytes(flipped(content, 8 * len(content) // 2))
    with pytest.raises(
        ModelError, match=r"model\.onnx: is damaged or was changed: its checksum is wrong; copy"
    ):
        Graph.load(signed, threads=1)


def test_flipped_bits_in_a_file_without_checksum_print_nothing(tmp_path, model_file, capfd):
    content, file = model_file.read_bytes(), tmp_path / "foreign.onnx"
    names = [at for name in (b"energy", b"squares", b"Gemm", b"logits") for at in [content.find(name)]]
    assert all(is_refused(file, flipped(content, 8 * at)) for at in names)
    assert capfd.readouterr() == ("", "")
