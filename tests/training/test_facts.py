"""Invented facts: what training draws and what tests draw."""

from __future__ import annotations

import random

from beacon_qa.training.facts import FactMaker
from beacon_qa.training.names import belongs, person, pick, words
from beacon_qa.training.relations import MORE, RELATIONS


def test_training_and_test_names_are_disjoint() -> None:
    lists = ("first", "family", "colour", "animal", "object", "food", "site", "quality")
    for kind in lists:
        assert words(kind, "train")
        assert words(kind, "test")
        assert not set(words(kind, "train")) & set(words(kind, "test"))
    rng = random.Random(0)
    train, test = ({person(rng, split) for _ in range(500)} for split in ("train", "test"))
    assert not train & test


def test_training_and_test_facts_share_no_subject_value_or_wording() -> None:
    rng = random.Random(0)
    made = {split: FactMaker(split).draw(rng, 600) for split in ("train", "test")}
    for part in ("subject", "value"):
        train, test = ({getattr(fact, part) for fact in made[split]} for split in made)
        assert not (train & test) - {""}
    asked = {
        split: {fact.question(rng).replace(fact.subject, "*") for fact in facts if fact.subject}
        for split, facts in made.items()
    }
    assert not asked["train"] & asked["test"]


def test_tests_ask_for_the_same_relations_as_ever() -> None:
    only_training = {relation.name for relation in MORE} - {r.name for r in RELATIONS}
    assert len(only_training) >= 50
    drawn = {split: {r.name for r in FactMaker(split).relations} for split in ("train", "test")}
    assert only_training <= drawn["train"]
    assert not only_training & drawn["test"]


def test_no_wording_of_a_test_is_one_of_training() -> None:
    for relation in RELATIONS:
        for wordings in (relation.statements, relation.questions):
            assert wordings[-1] not in wordings[:-1]


def test_every_wording_names_what_it_must() -> None:
    for relation in (*RELATIONS, *MORE):
        assert len(relation.statements) >= 3
        assert len(relation.questions) >= 3
        has_subject = relation.subject != "none"
        for told in (relation.answer, *relation.statements):
            assert ("{s}" in told) == has_subject
            assert "{v}" in told
        for question in relation.questions:
            assert ("{s}" in question) == has_subject
            assert "{v}" not in question


def test_no_two_facts_of_a_draw_contradict_each_other() -> None:
    facts = FactMaker().draw(random.Random(3), 200)
    assert len({(fact.relation.name, fact.subject) for fact in facts}) == len(facts)


def test_the_wild_split_has_names_of_no_list_and_none_of_the_test_split() -> None:
    rng = random.Random(0)
    drawn = {pick(rng, "family", "wild") for _ in range(2000)}
    listed, tested = set(words("family", "train")), set(words("family", "test"))
    assert len(drawn - listed) > 400
    assert len(drawn & listed) > 200
    assert not drawn & tested
    assert all(name[0].isupper() for name in drawn)
    assert all(belongs(name, "train") for name in drawn)


def test_other_splits_draw_from_their_lists_alone() -> None:
    rng = random.Random(0)
    for split in ("train", "test"):
        assert {pick(rng, "food", split) for _ in range(300)} <= set(words("food", split))
