"""A tiny model with beacons and random weights, and a shelf of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from brake import Brake
from small_documents import make_document
from transformers import Qwen2Config, Qwen2ForCausalLM

from beacon_qa.beacon import load_model, load_tokenizer
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.reader import Reader
from beacon_qa.shelf import Shelf

VOCABULARY = Path(__file__).parents[1] / "beacon_qa" / "builtin" / "weights"
CHATTING = Path(__file__).parent / "fixtures" / "qwen2.5"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    # Tiny matrices gain nothing from threads, and tests of threads lose by them.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Qwen2 with new beacons, window 32, and the built-in vocabulary."""
    return _checkpoint(tmp_path_factory, layers=2)


@pytest.fixture(scope="session")
def slow_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with so many layers that a reading can be met on its way."""
    return _checkpoint(tmp_path_factory, layers=32)


@pytest.fixture(scope="session")
def chatting_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a chat template, which is told to write what the built-in model cannot."""
    return _checkpoint(tmp_path_factory, layers=16, vocabulary=CHATTING)


def _checkpoint(
    tmp_path_factory: pytest.TempPathFactory, *, layers: int, vocabulary: Path = VOCABULARY
) -> Path:
    plain, folder = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("tiny-beacon")
    tokenizer = load_tokenizer(vocabulary)
    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=False,
        initializer_range=0.3,
    )
    Qwen2ForCausalLM(config).save_pretrained(plain)
    model = load_model(
        plain, device="cpu", start_beacons=True, beacon_window=32, beacon_ratio=[2, 4, 8]
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def engine(tiny_checkpoint: Path) -> Engine:
    """The tiny model, loaded once."""
    return Engine.load(tiny_checkpoint, device="cpu")


@pytest.fixture
def chatting(chatting_checkpoint: Path, shelf: Shelf) -> Reader:
    """A reader with the tiny model that has a chat template."""
    return Reader(Engine.load(chatting_checkpoint, device="cpu"), shelf)


@pytest.fixture
def brake(engine: Engine, tmp_path: Path) -> Iterator[Brake]:
    """A brake on readings with the tiny model; named last, it is released before all else ends."""
    with Brake(tmp_path / "brake").on(engine.model) as brake:
        yield brake


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def reader(engine: Engine, shelf: Shelf) -> Reader:
    """A reader with the tiny model and an empty shelf."""
    return Reader(engine, shelf)


@pytest.fixture
def document() -> Document:
    """A document of 120 sentences on 12 pages in 3 chapters."""
    return make_document()


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text file of about two thousand tokens."""
    path = tmp_path / "whale.txt"
    path.write_text(
        "\n\n".join(f"Sentence {number} tells of whale {number * 7}." for number in range(100))
    )
    return path
