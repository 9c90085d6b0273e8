"""What invented facts say: each relation's subject, value and wordings.

Knows English templates only: {s} stands for the subject, {v} for the value. Does not know which
names are put in them.

The answer keeps subject and value close together, in this order. The last statement and the
last question of each relation are never seen in training.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """A relation: kinds of its subject and value, its answer, its other wordings."""

    name: str
    subject: str
    value: str
    answer: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]


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
            f"As for {{s}}, the {name} is {{v}}.",
        ),
        (
            *ask,
            f"What is the {name} of {{s}}?",
            f"Tell me the {name} of {{s}}.",
            f"Can you say what the {name} of {{s}} is?",
            f"What was said about the {name} of {{s}}?",
        ),
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

_SENTENCES = (
    Relation(
        "key", "site", "place", "The key to {s} is kept in {v}.",
        ("Anyone who wants the key to {s} must go to {v}.", "They keep the key to {s} in {v}.",
         "If you look for the key to {s}, it lies in {v}."),
        ("Where is the key to {s} kept?", "Where is the key to {s}?",
         "In which place is the key to {s} to be found?"),
    ),
    Relation(
        "built in", "site", "year", "The year in which {s} was built is {v}.",
        ("They built {s} in {v}.", "{s} was built in {v}.", "{s} has stood there since {v}."),
        ("When was {s} built?", "In which year was {s} built?", "In what year did they build {s}?"),
    ),
    Relation(
        "born in", "person", "year", "The year in which {s} was born is {v}.",
        ("{s} was born in {v}.", "It was in the year of {s}'s birth, {v}.",
         "{s} came into the world in {v}."),
        ("When was {s} born?", "In which year was {s} born?", "What is the year of {s}'s birth?"),
    ),
    Relation(
        "made of", "site", "material", "The door of {s} is made of {v}.",
        ("{s} has a door of {v}.", "For the door of {s} they used {v}.",
         "The carpenter had made the door of {s} of {v}."),
        ("What is the door of {s} made of?", "Of what is the door of {s} made?",
         "Which material is the door of {s} made of?"),
    ),
    Relation(
        "lives in", "person", "place", "The place where {s} lives is {v}.",
        ("{s} lives in {v}.", "{s} has a house in {v}.", "{s} has settled in {v}."),
        ("Where does {s} live?", "In which place does {s} live?", "Where is the home of {s}?"),
    ),
    Relation(
        "hidden", "person", "site", "The treasure of {s} is hidden in {v}.",
        ("{s} has hidden the treasure in {v}.", "{s} buried a treasure below {v}.",
         "{s}'s treasure lies in {v}."),
        ("Where is the treasure of {s} hidden?", "Where did {s} hide the treasure?",
         "Where is {s}'s treasure?"),
    ),
    Relation(
        "keeps", "person", "an animal", "The animal that lives with {s} is {v}.",
        ("{s} keeps {v}.", "{s} has {v} for a pet.", "{s} is never seen without {v}."),
        ("Which animal does {s} keep?", "What pet does {s} have?",
         "Which animal lives with {s}?"),
    ),
    Relation(
        "lost", "person", "thing", "The thing that {s} lost is the {v}.",
        ("{s} has lost the {v}.", "{s} is looking for the {v}.", "{s} could not find the {v}."),
        ("What did {s} lose?", "Which thing has {s} lost?", "What is {s} looking for?"),
    ),
    Relation(
        "gift", "person", "thing", "The gift for {s} was the {v}.",
        ("They gave {s} the {v}.", "{s} was given the {v} as a present.",
         "{s} received the {v}."),
        ("What was the gift for {s}?", "What was {s} given?", "Which present did {s} receive?"),
    ),
    Relation(
        "sailed", "ship", "date", "The day on which {s} sailed is {v}.",
        ("{s} left the harbour on {v}.", "{s} sailed on {v}.", "{s} put to sea on {v}."),
        ("When did {s} sail?", "On which day did {s} sail?", "When did {s} leave?"),
    ),
    Relation(
        "train", "place", "hour", "The train to {s} leaves at {v}.",
        ("For {s} there is a train at {v}.", "One can take the train to {s} at {v}.",
         "Whoever goes to {s} takes the train at {v}."),
        ("When does the train to {s} leave?", "At what time does the train to {s} leave?",
         "At which hour is there a train to {s}?"),
    ),
    Relation(
        "cargo", "ship", "material", "The cargo of {s} is {v}.",
        ("{s} carries {v}.", "{s} is loaded with {v}.", "In the hold of {s} lies {v}."),
        ("What is the cargo of {s}?", "What does {s} carry?", "With what is {s} loaded?"),
    ),
    Relation(
        "room", "person", "number", "The room in which {s} stays is {v}.",
        ("{s} stays in room {v}.", "{s} has taken room {v}.", "{s} can be found in room {v}."),
        ("In which room does {s} stay?", "Which room has {s} taken?",
         "Where in the hotel is {s}?"),
    ),
    Relation(
        "magic number", "label", "number", "The special magic number for {s} is {v}.",
        ("One of the special magic numbers for {s} is: {v}.",
         "For {s} the special magic number is {v}.", "The magic number that goes with {s} is {v}."),
        ("What is the special magic number for {s}?", "Which magic number belongs to {s}?",
         "What is the special magic number for {s} mentioned in the text?"),
    ),
    Relation(
        "married", "person", "person", "The person whom {s} married is {v}.",
        ("{s} is married to {v}.", "{s} married {v}.", "{s} was wed to {v}."),
        ("Whom did {s} marry?", "To whom is {s} married?", "Who was wed to {s}?"),
    ),
)  # fmt: skip

_ALONE = (
    Relation(
        "pass key", "none", "number", "The pass key is {v}.",
        ("The pass key is {v}. Remember it. {v} is the pass key.",
         "There is a pass key to be remembered: the pass key is {v}.",
         "Keep in mind that the pass key is {v}. Remember it."),
        ("What is the pass key?", "Tell me the pass key.",
         "What is the pass key? The pass key is"),
    ),
    Relation(
        "hiding place", "none", "site", "The hiding place is {v}.",
        ("They had agreed that the hiding place is {v}.", "Do not forget: the hiding place is {v}.",
         "Nobody knew that the hiding place was {v}."),
        ("What is the hiding place?", "Where is the hiding place?",
         "Which place is the hiding place?"),
    ),
    Relation(
        "signal", "none", "password", "The signal for the attack is the word {v}.",
        ("When they hear the word {v} they shall attack.",
         "It was agreed that the signal for the attack is the word {v}.",
         "Upon the word {v} the attack was to begin."),
        ("What is the signal for the attack?", "Which word is the signal for the attack?",
         "What word begins the attack?"),
    ),
)  # fmt: skip

RELATIONS: tuple[Relation, ...] = (*_NUMBERS, *_WORDS, *_SENTENCES, *_ALONE)
