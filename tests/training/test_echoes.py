"""Samples that tell what was condensed once more: what comes again, and what counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from tokenizers import Tokenizer

from beacon_qa.training.drafts import Weights
from beacon_qa.training.echoes import FACTS, RANDOM, Echoes
from beacon_qa.training.facts import FactMaker
from beacon_qa.training.packing import Packed
from beacon_qa.training.planting import Planting
from beacon_qa.training.prose import Prose
from beacon_qa.training.vocabulary import DOC

WINDOW = 128
UNKNOWN = 2
"""Tokens at the beginning of each piece that do not count."""


@pytest.fixture
def echoes(packed: Mapping[str, Packed], tokenizer: Tokenizer) -> Echoes:
    prose = Prose(packed, tokenizer)
    facts = FactMaker("train", only=("pass key",))
    size = tokenizer.get_vocab_size()
    return Echoes(prose, Planting(prose, facts, tokenizer, 0.1), size, WINDOW)


def pieces(weights: np.ndarray) -> list[tuple[int, int]]:
    """Places [first, end) of the runs that count."""
    counts = np.concatenate(([0], weights > 0, [0])).astype(int)
    steps = np.diff(counts)
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True))


@pytest.mark.parametrize("n", [256, 512, 1000])
def test_every_token_that_counts_stands_in_an_earlier_window_after_the_same_words(
    echoes: Echoes, n: int
) -> None:
    ids, weights, points = echoes.sample(n, np.random.default_rng(3), Weights(repeat=0.5))
    assert len(ids) == len(weights) == n
    assert len(points) == 0
    assert ids[0] == DOC
    assert set(weights) == {0, 0.5}
    first = int(np.flatnonzero(weights)[0])
    assert first >= WINDOW
    source = ids[: first - UNKNOWN]
    assert len(source) % WINDOW == 0
    for begin, end in pieces(weights):
        told = ids[begin - UNKNOWN : end]
        stretches = np.lib.stride_tricks.sliding_window_view(source, len(told))
        assert (stretches == told).all(axis=1).any()


def test_a_source_is_of_one_window_up_to_half_the_sample(echoes: Echoes) -> None:
    rng = np.random.default_rng(0)
    firsts = {int(np.flatnonzero(echoes.sample(1024, rng, Weights())[1])[0]) for _ in range(60)}
    assert firsts == {WINDOW * count + UNKNOWN for count in (1, 2, 3, 4)}


@pytest.mark.parametrize(("random", "facts"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_a_source_is_of_random_tokens_of_facts_and_of_prose(
    echoes: Echoes,
    packed: Mapping[str, Packed],
    tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
    random: float,
    facts: float,
) -> None:
    monkeypatch.setattr("beacon_qa.training.echoes.RANDOM", random)
    monkeypatch.setattr("beacon_qa.training.echoes.FACTS", facts)
    source = echoes.sample(512, np.random.default_rng(1), Weights())[0][:WINDOW]
    known = {DOC, *(int(token) for kind in packed.values() for token in kind.tokens)}
    assert (np.isin(source, [*known]).mean() == 1) == (random + facts == 0)
    assert (tokenizer.decode(source.tolist()).count("pass key") > 2) == (facts == 1)


def test_every_kind_of_source_is_drawn() -> None:
    assert 0 < RANDOM < RANDOM + FACTS < 1
