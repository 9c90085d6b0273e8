"""Facts told and asked in sentences that are put together from parts."""

from __future__ import annotations

import random

import pytest

from beacon_qa.training import phrases
from beacon_qa.training.facts import Fact, FactMaker
from beacon_qa.training.names import Split
from beacon_qa.training.relations import MORE, RELATIONS

NAMED = [relation for relation in (*RELATIONS, *MORE) if relation.noun]


def test_a_sentence_names_subject_thing_and_value_and_leaves_no_gap() -> None:
    rng = random.Random(0)
    for _ in range(3000):
        told, asked = phrases.told(rng, "home port"), phrases.asked(rng, "home port")
        for text, gaps in ((told, ("{s}", "{v}")), (asked, ("{s}",))):
            assert all(text.count(gap) == 1 for gap in gaps), text
            filled = text.replace("{s}", "Ada Blake").replace("{v}", "Lowford")
            assert "{" not in filled
            assert "home port" in filled.lower()
        assert told.endswith(".")


def test_hardly_two_sentences_are_alike() -> None:
    rng = random.Random(0)
    assert len({phrases.told(rng, "home port") for _ in range(1000)}) > 700
    assert len({phrases.asked(rng, "home port") for _ in range(1000)}) > 150


def test_none_is_a_wording_kept_for_tests() -> None:
    kept = {relation.name: (relation.statements[-1], relation.questions[-1]) for relation in NAMED}
    assert len(kept) > 100
    rng = random.Random(1)
    for name, wordings in kept.items():
        made = {make(rng, name) for make in (phrases.told, phrases.asked) for _ in range(100)}
        assert not made & set(wordings)


@pytest.mark.parametrize(("wordings", "composed"), [("wild", True), ("train", False)])
def test_only_wild_wordings_are_composed(wordings: Split, composed: bool) -> None:
    rng = random.Random(2)
    facts = FactMaker(wordings=wordings, only=("home port",)).draw(rng, 40)
    assert any(_is_new(fact, fact.statement(rng)) for fact in facts) is composed


def _is_new(fact: Fact, statement: str) -> bool:
    """Whether a statement has none of the relation's own wordings in it, in its frame or alone."""
    own = (fact.relation.answer, *fact.relation.statements)
    told = [one.replace("{s}", fact.subject).replace("{v}", fact.value) for one in own]
    return not any(one[1:] in statement for one in told)
