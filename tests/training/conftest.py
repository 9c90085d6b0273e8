"""A small vocabulary, small packs and the samples made of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from packs import novel, texts
from tokenizers import Tokenizer

from beacon_qa.training.facts import FactMaker
from beacon_qa.training.packing import Packed, open_packed, pack_texts
from beacon_qa.training.samples import Sampler
from beacon_qa.training.vocabulary import (
    load_vocabulary,
    save_vocabulary,
    train_vocabulary,
)


@pytest.fixture(scope="package")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small vocabulary."""
    rng = random.Random(0)
    spoken = [
        part
        for fact in FactMaker().draw(rng, 300)
        for part in (fact.statement(rng), fact.question(rng))
    ]
    folder = tmp_path_factory.mktemp("vocabulary")
    save_vocabulary(train_vocabulary([novel(9), *spoken], size=700), folder)
    return folder


@pytest.fixture(scope="package")
def tokenizer(vocabulary: Path) -> Tokenizer:
    return load_vocabulary(vocabulary)


@pytest.fixture(scope="package")
def packed_folder(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    pack_texts(texts(tmp_path_factory.mktemp("texts")), tokenizer, folder, curled=0.0)
    return folder


@pytest.fixture(scope="package")
def packed(packed_folder: Path, tokenizer: Tokenizer) -> dict[str, Packed]:
    return open_packed(packed_folder, tokenizer)


@pytest.fixture(scope="package")
def sampler(packed: dict[str, Packed], tokenizer: Tokenizer) -> Sampler:
    return Sampler(packed, tokenizer, absent=0.0)
