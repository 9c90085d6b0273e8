"""Invented facts to be found again: statements, questions and answers with many wordings.

Knows relations, their wordings and their values. Does not know tokens, nor where in a text a
fact is planted.

An answer is a sentence that repeats the subject before the value, so that a small model finds
the value as it finds any continuation: by looking for what followed the same words before.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from beacon_qa.training import phrases
from beacon_qa.training.names import Split, person, pick, place, until_belongs, words
from beacon_qa.training.relations import MORE, RELATIONS
from beacon_qa.training.wordings import ASKED, STATED, Relation

UNKNOWN = "The text does not say."
"""The answer to a question on which the text is silent."""

_COMPOSED = 0.6
"""How often a statement or a question of wild wordings is put together from parts."""

_FRAMED = 0.3
"""How often a statement has words around it; questions half as often."""


@dataclass(frozen=True)
class Fact:
    """One subject, one relation, one value, and the wordings it may be told and asked in."""

    relation: Relation
    subject: str
    value: str
    wordings: Split = "train"

    @property
    def answer(self) -> str:
        """The sentence that answers any question about this fact."""
        return _told(self.relation.answer, self.subject, self.value)

    def statement(self, rng: random.Random) -> str:
        """A sentence that states the fact; in half of the draws the one that answers it.

        In training some have words around them that say nothing. Wild ones are mostly composed.
        """
        if self._composed(rng):
            return _told(phrases.told(rng, self.relation.name), self.subject, self.value)
        if rng.random() < 0.5:
            return self.answer
        template = rng.choice(_part(self.relation.statements, self.wordings))
        if self.wordings != "test" and rng.random() < _FRAMED:
            template = _framed(rng.choice(STATED), template)
        return _told(template, self.subject, self.value)

    def question(self, rng: random.Random) -> str:
        """A question about the fact; in training some have words around them."""
        if self._composed(rng):
            return _told(phrases.asked(rng, self.relation.name), self.subject, "")
        template = rng.choice(_part(self.relation.questions, self.wordings))
        if self.wordings != "test" and rng.random() < _FRAMED / 2:
            template = _framed(rng.choice(ASKED), template)
        return _told(template, self.subject, "")

    def _composed(self, rng: random.Random) -> bool:
        wild = self.wordings == "wild" and self.relation.noun
        return wild and rng.random() < _COMPOSED


class FactMaker:
    """Draws facts of one split: names, values and (unless told otherwise) wordings are disjoint.

    `wordings` chooses the split of the wordings alone, so that new names can be tried with
    wordings seen in training. `only` names the relations to draw from.
    """

    def __init__(
        self, split: Split = "train", *, wordings: Split | None = None, only: tuple[str, ...] = ()
    ) -> None:
        self.split: Split = split
        self.wordings: Split = wordings or split
        # Tests draw from the same relations as ever: their figures can be compared.
        known = RELATIONS if split == "test" else (*RELATIONS, *MORE)
        self.relations = tuple(r for r in known if not only or r.name in only)

    def draw(self, rng: random.Random, count: int) -> list[Fact]:
        """Draw up to `count` facts of which no two share both relation and subject.

        A sample keeps to some of the relations and comes back to some of the subjects, so that
        neither alone tells a fact from its neighbours.
        """
        relations = self._some_relations(rng, count)
        facts: dict[tuple[str, str], Fact] = {}
        for _ in range(2 * count):
            if len(facts) == count:
                break
            relation = rng.choice(relations)
            subject = self._subject(rng, relation, facts)
            if (relation.name, subject) not in facts:
                value = VALUES[relation.value](rng, self.split)
                fact = Fact(relation, subject, value, self.wordings)
                facts[relation.name, subject] = fact
        return list(facts.values())

    def _some_relations(self, rng: random.Random, count: int) -> tuple[Relation, ...]:
        few = rng.choice((1, 3, 8, len(self.relations), len(self.relations)))
        chosen = rng.sample(self.relations, min(few, len(self.relations)))
        # Some relations have one subject or none, and cannot fill a sample by themselves.
        if count > 1 and any(relation.subject in ("none", "site") for relation in chosen):
            return (*chosen, *rng.sample(self.relations, min(6, len(self.relations))))
        return tuple(chosen)

    def _subject(
        self, rng: random.Random, relation: Relation, facts: dict[tuple[str, str], Fact]
    ) -> str:
        if facts and rng.random() < 0.25:
            known = rng.choice(list(facts.values()))
            if known.relation.subject == relation.subject:
                return known.subject
        return SUBJECTS[relation.subject](rng, self.split)


def _part(wordings: tuple[str, ...], split: Split) -> tuple[str, ...]:
    """All wordings but the last are for training; the last is kept for tests."""
    return wordings[-1:] if split == "test" else wordings[:-1]


def _framed(frame: str, template: str) -> str:
    """The template within a frame, whose {x} it takes the place of, as it is or in lower case."""
    small = template if template.startswith("{") else template[0].lower() + template[1:]
    return frame.replace("{X}", template).replace("{x}", small)


def _told(template: str, subject: str, value: str) -> str:
    text = template.replace("{s}", subject).replace("{v}", value)
    return text[0].upper() + text[1:]


Maker = Callable[[random.Random, Split], str]


def _listed(kind: str) -> Maker:
    return lambda rng, split: pick(rng, kind, split)


def number(rng: random.Random, split: Split) -> str:
    """A number of three to six digits."""
    low = 10 ** rng.randint(2, 5)
    return until_belongs(lambda: str(rng.randrange(low, 10 * low)), split)


def code(rng: random.Random, split: Split) -> str:
    """Letters and digits as on a label: "KX-4821"."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return until_belongs(
        lambda: f"{rng.choice(letters)}{rng.choice(letters)}-{rng.randrange(100, 10000)}", split
    )


def _year(rng: random.Random, split: Split) -> str:
    return until_belongs(lambda: str(rng.randrange(1480, 2030)), split)


def _date(rng: random.Random, split: Split) -> str:
    return until_belongs(lambda: f"{rng.randint(1, 28)} {rng.choice(words('month', split))}", split)


def _hour(rng: random.Random, split: Split) -> str:
    return until_belongs(lambda: f"{rng.randint(1, 12)}.{rng.randint(10, 59)}", split)


def _price(rng: random.Random, split: Split) -> str:
    return until_belongs(lambda: f"{rng.randrange(11, 9900)} {rng.choice(_COINS)}", split)


def _password(rng: random.Random, split: Split) -> str:
    sounds = words("sound", split)
    return until_belongs(
        lambda: "".join(rng.choice(sounds) for _ in range(rng.randint(2, 4))), split
    )


def _thing(rng: random.Random, split: Split) -> str:
    name = pick(rng, "object", split)
    return f"{pick(rng, 'quality', split)} {name}"


def _an_animal(rng: random.Random, split: Split) -> str:
    name = pick(rng, "animal", split)
    return ("an " if name[0] in "aeio" else "a ") + name


def _label(rng: random.Random, split: Split) -> str:
    """Two words joined, as lists of records use for names: "brave-otter"."""
    return f"{pick(rng, 'quality', split)}-{pick(rng, 'animal', split)}"


def _ship(rng: random.Random, split: Split) -> str:
    quality, animal = pick(rng, "quality", split), pick(rng, "animal", split)
    return f"the {quality.title()} {animal.title()}"


def _site(rng: random.Random, split: Split) -> str:
    name = "the " + pick(rng, "site", split)
    return name if rng.random() < 0.4 else f"{name} at {place(rng, split)}"


_COINS = ("pounds", "shillings", "crowns", "dollars", "francs", "florins")

SUBJECTS: dict[str, Maker] = {
    "person": person,
    "place": place,
    "site": _site,
    "ship": _ship,
    "label": _label,
    "none": lambda rng, split: "",
}
VALUES: dict[str, Maker] = {
    "number": number,
    "code": code,
    "year": _year,
    "date": _date,
    "hour": _hour,
    "price": _price,
    "password": _password,
    "thing": _thing,
    "person": person,
    "place": place,
    "site": _site,
    "an animal": _an_animal,
    **{kind: _listed(kind) for kind in ("colour", "food", "trade", "material", "flower")},
}
