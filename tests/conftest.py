"""Fixtures that the tests of several packages share."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serenade.corpora import read_corpus
from serenade.synthetic.meld import SyntheticMeld, make_meld

# Test processes share the cores; OpenMP threads that spin while they wait would slow them down tenfold. It
# must be set before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start inherits that:
# the tests of Ctrl-C would wait for something that cannot happen.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora beside the checkout; the test is skipped where it is not there."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data here: this test needs real recordings")
    return SHARED / "data"


@pytest.fixture(scope="session")
def synthetic_meld(tmp_path_factory: pytest.TempPathFactory) -> SyntheticMeld:
    """A small `MELD.Raw` with all its defects; read only."""
    folder = tmp_path_factory.mktemp("meld") / "MELD.Raw"
    rows = {"train": 24, "dev": 10, "test": 12}
    return make_meld(folder, rows=rows, distinct=10, rng=np.random.default_rng(0))


@pytest.fixture(scope="session")
def real_meld(shared: Path) -> pd.DataFrame:
    """The 13,708 real rows of MELD, without clips; read only."""
    return read_corpus(shared / "meld")


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Whisper of three random layers, 16 wide, in Hugging Face's layout; 2 s of positions."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    sizes = {f"{part}_{name}": 2 for part in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    config = transformers.WhisperConfig(
        d_model=16,
        vocab_size=8,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        encoder_ffn_dim=64,  # two blocks of 4-bit weights
        decoder_ffn_dim=32,
        max_source_positions=100,
        init_std=0.3,
        **sizes | {"encoder_layers": 3},
    )
    path = tmp_path_factory.mktemp("whisper")
    transformers.WhisperModel(config).save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory):
    """`tiny_encoder("wavlm")`: a folder with a random encoder of three layers that takes sound, 16 wide."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")

    def write(model_type: str, **options: object) -> Path:
        torch.manual_seed(0)
        config = transformers.AutoConfig.for_model(
            model_type,
            hidden_size=16,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=32,
            conv_dim=(8,) * 7,
            num_conv_pos_embedding_groups=2,
            initializer_range=0.3,
            **{"num_conv_pos_embeddings": 3 if model_type == "data2vec-audio" else 16} | options,
        )
        path = tmp_path_factory.mktemp(model_type)
        transformers.AutoModel.from_config(config).save_pretrained(path)
        return path

    return write


@pytest.fixture(scope="session")
def made_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of three random layers, eight wide, and its tokenizer of eight words."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "oh", "no", "!", "you", "are", "my", "friend", "."]
    path = tmp_path_factory.mktemp("bert")
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=0.5,
    )
    transformers.BertModel(config).save_pretrained(path)
    return path


def _module_beside(name: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


toy_model, hub_server = _module_beside("toy_model"), _module_beside("hub_server")


@pytest.fixture
def hub(tmp_path_factory, monkeypatch):
    """A stand-in of the Hugging Face hub on the loopback interface, with an empty cache and no token."""
    from huggingface_hub import constants

    hub, server = hub_server.serve()
    home = tmp_path_factory.mktemp("hub")
    values = {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(home / "cache"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "tokens"),
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": False,
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def toy():
    """The module `toy_model`."""
    return toy_model


@pytest.fixture(scope="session")
def model_file(tmp_path_factory) -> Path:
    """A toy model on disk."""
    return toy_model.write_toy_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="session")
def voices(tmp_path_factory) -> list[Path]:
    """Twelve short recordings of different length, level and rate."""
    folder = tmp_path_factory.mktemp("voices")
    return [
        toy_model.write_voice(
            folder / f"v{i:02}.wav",
            0.6 + 0.37 * i,
            level=0.05 + 0.07 * i,
            rate_hz=(16_000, 44_100, 8_000)[i % 3],
            seed=i,
        )
        for i in range(12)
    ]


@pytest.fixture(scope="session")
def serve_command() -> list[str]:
    """The command `serenade serve`."""
    return [sys.executable, "-m", "serenade.cli.main", "serve"]


@pytest.fixture(scope="session")
def run_server(serve_command: list[str]):
    """`with run_server("--model", file) as (process, url)`: a server as a process of its own."""

    @contextmanager
    def run(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        process = subprocess.Popen(
            [*serve_command, "--port", "0", "--workers", "1", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, process.stderr.read()
            yield process, found[0]
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    return run
