"""Relations that are told in sentences of their own, with a subject and without.

Knows English templates only (see wordings). The last statement and the last question of each
relation are never seen in training.
"""

from __future__ import annotations

from beacon_qa.training.wordings import Relation

SENTENCES = (
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
        "discovered", "person", "flower", "The flower that {s} discovered is {v}.",
        ("{s} discovered {v} on a journey.", "It was {s} who first described {v}.",
         "Until {s} came upon {v}, nobody had seen them.",
         "Those flowers, {v}, were first found by {s}."),
        ("What did {s} discover?", "Which flower was first described by {s}?",
         "What was found by {s}?", "Which flower did {s} come upon?"),
    ),
    Relation(
        "distance", "place", "number", "The distance to {s} in miles is {v}.",
        ("From here to {s} it is {v} miles.", "{s} lies {v} miles away.",
         "One must travel {v} miles to reach {s}.", "{v} miles lie between us and {s}."),
        ("How far is it to {s}?", "How many miles away is {s}?",
         "What is the distance to {s}?", "How many miles must one travel to {s}?"),
    ),
    Relation(
        "won", "person", "price", "The prize that {s} won is {v}.",
        ("{s} won {v} at cards.", "At the races {s} won {v}.", "{v} were won by {s} that night.",
         "{s} went home with {v} that had been won."),
        ("How much did {s} win?", "What did {s} win?", "Which sum was won by {s}?",
         "With how much did {s} go home?"),
    ),
    Relation(
        "leader", "site", "person", "The person in charge of {s} is {v}.",
        ("{v} is in charge of {s}.", "{s} is run by {v}.", "They put {v} in charge of {s}.",
         "{v} looks after {s}."),
        ("Who is in charge of {s}?", "Who runs {s}?", "Whom did they put in charge of {s}?",
         "Who looks after {s}?"),
    ),
    Relation(
        "wrote to", "person", "person", "The person to whom {s} wrote is {v}.",
        ("{s} wrote a long letter to {v}.", "{v} had a letter from {s}.",
         "The letter of {s} was meant for {v}.", "A letter from {s} came to {v}."),
        ("To whom did {s} write?", "Who had a letter from {s}?",
         "For whom was the letter of {s} meant?", "Who got the letter from {s}?"),
    ),
    Relation(
        "met at", "person", "site", "The place where they met {s} is {v}.",
        ("They met {s} at {v}.", "{s} was waiting for them at {v}.",
         "It was at {v} that they came upon {s}.", "They ran into {s} near {v}."),
        ("Where did they meet {s}?", "Where was {s} waiting?",
         "At which place did they come upon {s}?", "Near what did they run into {s}?"),
    ),
    Relation(
        "died in", "person", "year", "The year in which {s} died is {v}.",
        ("{s} died in {v}.", "In {v} {s} passed away.", "{s} lived until {v}.",
         "{s} was buried in {v}."),
        ("When did {s} die?", "In which year did {s} pass away?", "Until when did {s} live?",
         "In what year was {s} buried?"),
    ),
    Relation(
        "eats", "label", "food", "The food that {s} eats is {v}.",
        ("{s} eats nothing but {v}.", "One feeds {s} with {v}.", "Give {s} some {v}.",
         "{s} lives on {v}."),
        ("What does {s} eat?", "With what does one feed {s}?", "What should one give {s}?",
         "What does {s} live on?"),
    ),
    Relation(
        "married", "person", "person", "The person whom {s} married is {v}.",
        ("{s} is married to {v}.", "{s} married {v}.", "{s} was wed to {v}."),
        ("Whom did {s} marry?", "To whom is {s} married?", "Who was wed to {s}?"),
    ),
)  # fmt: skip

ALONE = (
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
