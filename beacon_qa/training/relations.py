"""What invented facts say: each relation's subject, value and wordings.

Knows English templates only: {s} stands for the subject, {v} for the value. Does not know which
names are put in them.

The answer keeps subject and value close together, in this order. The last statement and the
last question of each relation are never seen in training.
"""

from __future__ import annotations

from beacon_qa.training.sentences import ALONE, SENTENCES
from beacon_qa.training.wordings import Relation


def _of(name: str, subject: str, value: str, *more: str, ask: tuple[str, ...] = ()) -> Relation:
    """A relation told as "the NAME of SUBJECT is VALUE", as many are."""
    return Relation(
        name,
        subject,
        value,
        f"The {name} of {{s}} is {{v}}.",
        (
            *more,
            f"Everyone knew that the {name} of {{s}} was {{v}}.",
            f"Remember that the {name} of {{s}} is {{v}}.",
            f"{{s}}'s {name} is {{v}}.",
            f"They say that {{v}} is the {name} of {{s}}.",
            f"The {name} that belongs to {{s}} was {{v}}.",
            f"{{v}} was the {name} of {{s}}.",
            f"It is {{v}} that is the {name} of {{s}}.",
            f"{{s}}, whose {name} is {{v}}, said nothing.",
            f"The {name} given to {{s}} is {{v}}.",
            f"We learned the {name} of {{s}}: {{v}}.",
            f"{{v}}: that is the {name} of {{s}}.",
            f"The {name} of {{s}}, {{v}}, stood on the first page.",
            f"They had to write down {{s}}'s {name}, {{v}}.",
            f"Asked about {{s}}, they gave {{v}} as the {name}.",
            f"As for {{s}}, the {name} is {{v}}.",
        ),
        (
            *ask,
            f"What is the {name} of {{s}}?",
            f"Tell me the {name} of {{s}}.",
            f"Can you say what the {name} of {{s}} is?",
            f"What is {{s}}'s {name}?",
            f"Which {name} does {{s}} have?",
            f"{{s}}: what is the {name}?",
            f"Do you remember the {name} of {{s}}?",
            f"Give me {{s}}'s {name}.",
            f"I want to know the {name} of {{s}}.",
            f"Do you know {{s}}'s {name}?",
            f"Could you look up the {name} of {{s}}?",
            f"The {name} of {{s}}, please.",
            f"What {name} does {{s}} have?",
            f"Find the {name} that belongs to {{s}}.",
            f"What does the text give as the {name} of {{s}}?",
            f"What was said about the {name} of {{s}}?",
        ),
        noun=True,
    )


_NUMBERS = (
    _of("secret number", "person", "number", "{s} has the secret number {v}."),
    _of("telephone number", "person", "number", "You can telephone {s} at {v}.",
        ask=("At which number can {s} be reached?",)),
    _of("account number", "person", "number", "{s} holds the account with the number {v}."),
    _of("number", "label", "number", "Next to {s} was written {v}."),
    _of("register content", "label", "number", "Line {s}: the register content is {v}."),
    _of("membership number", "person", "number", "{s} joined the club under the number {v}."),
    _of("population", "place", "number", "{s} has {v} inhabitants.",
        "In {s} there live {v} people.", ask=("How many people live in {s}?",)),
    _of("code", "site", "code", "To open {s} one must enter {v}.",
        ask=("Which code opens {s}?",)),
    _of("serial code", "label", "code", "The label of {s} reads {v}."),
    _of("badge code", "person", "code", "On the badge of {s} stood {v}."),
    _of("password", "person", "password", "{s} whispered the password {v}.",
        ask=("Which password does {s} use?",)),
    _of("watchword", "site", "password", "At {s} the guards asked for the word {v}."),
    _of("wage", "person", "price", "{s} earns {v} a year.", ask=("How much does {s} earn?",)),
    _of("price", "label", "price", "For {s} they asked {v}.", ask=("What does {s} cost?",)),
    _of("debt", "person", "price", "{s} owes the bank {v}.", ask=("How much does {s} owe?",)),
    _of("birthday", "person", "date", "{s} was born on {v}.", ask=("When is {s}'s birthday?",)),
)  # fmt: skip

_WORDS = (
    _of("favourite colour", "person", "colour", "{s}'s favourite colour is {v}.",
        "{s} likes the colour {v} best.", ask=("Which colour does {s} like best?",)),
    _of("favourite food", "person", "food", "{s} loves nothing more than {v}.",
        "{s}'s favourite food is {v}.", ask=("What does {s} like to eat?",)),
    _of("favourite flower", "person", "flower", "{s}'s favourite flowers are {v}.",
        ask=("Which flowers does {s} love?",)),
    _of("best friend", "person", "person", "{s}'s best friend is {v}.",
        ask=("Who is the best friend of {s}?", "Who is {s}'s best friend?")),
    _of("teacher", "person", "person", "{s} was taught by {v}.",
        ask=("Who is the teacher of {s}?", "Who taught {s}?")),
    _of("home town", "person", "place", "{s} grew up in {v}.", "{s}'s home town is {v}.",
        ask=("Where did {s} grow up?",)),
    _of("trade", "person", "trade", "{s} earns a living as {v}.",
        ask=("What is {s} by trade?", "What does {s} do for a living?")),
    _of("colour", "site", "colour", "{s} has been painted {v}.",
        ask=("Which colour is {s}?",)),
    _of("emblem", "place", "an animal", "On the flag of {s} one sees {v}.",
        ask=("Which animal is the emblem of {s}?",)),
    _of("mayor", "place", "person", "{s} is governed by {v}.", "{s} has chosen {v} for its mayor.",
        ask=("Who is the mayor of {s}?", "Who governs {s}?")),
    _of("captain", "ship", "person", "{s} is commanded by {v}.",
        ask=("Who is the captain of {s}?", "Who commands {s}?")),
    _of("home port", "ship", "place", "{s} sails from {v}.", ask=("From where does {s} sail?",)),
    _of("owner", "site", "person", "{s} belongs to {v}.",
        ask=("Who is the owner of {s}?", "To whom does {s} belong?")),
    _of("founder", "place", "person", "{s} was founded by {v}.", ask=("Who founded {s}?",)),
)  # fmt: skip

RELATIONS: tuple[Relation, ...] = (*_NUMBERS, *_WORDS, *SENTENCES, *ALONE)

_KINDS = (
    ("person", "number", "house number, ticket number, weight, locker, folder number, score"),
    ("person", "person", "doctor, neighbour, cousin, lawyer, partner, secretary, rival, godfather"),
    ("person", "place", "birthplace, last stop, country seat, parish, place of work"),
    ("person", "thing", "prize, luggage, tool, inheritance, instrument, toy"),
    ("person", "password", "nickname, pen name, code name, secret word"),
    ("person", "site", "meeting place, office, refuge"),
    ("person", "trade", "former trade, post, father's trade"),
    ("person", "an animal", "first pet, lucky animal"),
    ("person", "hour", "appointment, bedtime, arrival"),
    ("person", "price", "rent, fee, fine, pension"),
    ("person", "colour", "coat, hair ribbon, bicycle"),
    ("place", "number", "postal code, altitude, number of houses"),
    ("place", "food", "speciality, chief export"),
    ("place", "person", "sheriff, doctor, patron, oldest inhabitant"),
    ("place", "date", "market day, feast"),
    ("site", "person", "architect, caretaker, night watchman, tenant"),
    ("site", "number", "number of steps, file number, inventory number"),
    ("site", "hour", "closing time, opening hour"),
    ("site", "material", "roof, floor"),
    ("ship", "person", "cook, helmsman, surgeon, builder"),
    ("ship", "number", "number of sailors, length, sail number"),
    ("ship", "place", "destination, next harbour"),
    ("label", "colour", "mark, lid"),
    ("label", "person", "keeper, finder, inventor"),
    ("label", "date", "date of delivery, last inspection"),
    ("label", "code", "storage code, part number"),
)

MORE: tuple[Relation, ...] = tuple(
    _of(name, subject, value) for subject, value, names in _KINDS for name in names.split(", ")
)
"""Relations that only training draws: whatever is asked for, the question's own words name it."""
