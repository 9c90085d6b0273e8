"""The texts, facts, samples and batches a model is taught with."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from beacon_qa.errors import TrainingError
from beacon_qa.training.batches import Batch, Recipe, Source, batches
from beacon_qa.training.drafts import Sample, Weights
from beacon_qa.training.facts import FactMaker
from beacon_qa.training.names import belongs, person, pick, words
from beacon_qa.training.packing import Packed, open_packed, pack_texts
from beacon_qa.training.relations import MORE, RELATIONS
from beacon_qa.training.samples import NEAR, Sampler
from beacon_qa.training.texts import HeldOut, Text, curl_quotes, read_folder
from beacon_qa.training.vocabulary import (
    ASSISTANT,
    DOC,
    END,
    SPECIAL_TOKENS,
    USER,
    encode_texts,
    load_vocabulary,
    save_vocabulary,
    train_vocabulary,
)

MAKERS = (
    "prose",
    "repeat",
    "planted",
    "dense",
    "interleaved",
    "records",
    "reading",
    "summary",
    "looked",
    "looked reading",
    "distant",
    "distant looked",
    "distant reading",
)


def novel(seed: int, sentences: int = 400) -> str:
    """Prose without any fact or digit, whose sentences no other seed has."""
    rng = random.Random(seed)
    nouns = [*words("object", "train"), *words("animal", "train")]
    lines = []
    for _ in range(sentences):
        one, two, three = rng.sample(nouns, 3)
        lines.append(f'The {one} stood by the old {two}, and "no {three}" was ever seen near it.')
    return "".join(line + rng.choice((" ", " ", "\n\n")) for line in lines).strip()


ANNA = {"text": "Anna", "answer_start": 0}


def texts(folder: Path) -> Iterator[Text]:
    """Two books, two articles with questions, and a story with a long answer, read from a file."""
    paragraphs = [
        {
            "context": f"The lamp of hall {place} was lit by Anna in the month of May.",
            "qas": [{"question": f"Who lit the lamp of hall {place}?", "answers": [ANNA]}],
        }
        for place in range(40)
    ]
    plot = {"question": "What is the plot?", "responses": ["A lamp is lit.", "Anna lights it."]}
    records = [
        {"title": "One", "author": "A. Writer", "text": novel(1)},
        {"title": "Two", "author": "A. Writer", "text": novel(2)},
        {"title": "The_Lamp", "paragraphs": paragraphs},
        {"id": "7", "document": novel(3, 20), "qas": [plot]},
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "texts.jsonl").write_text(lines, "utf-8")
    return read_folder(folder)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def tokenizer(vocabulary: Path) -> Tokenizer:
    return load_vocabulary(vocabulary)


@pytest.fixture(scope="module")
def packed_folder(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    pack_texts(texts(tmp_path_factory.mktemp("texts")), tokenizer, folder, curled=0.0)
    return folder


@pytest.fixture(scope="module")
def packed(packed_folder: Path, tokenizer: Tokenizer) -> dict[str, Packed]:
    return open_packed(packed_folder, tokenizer)


@pytest.fixture(scope="module")
def sampler(packed: dict[str, Packed], tokenizer: Tokenizer) -> Sampler:
    return Sampler(packed, tokenizer, absent=0.0)


def turns(sample: Sample, tokenizer: Tokenizer) -> list[tuple[int, str, str]]:
    """Where each question begins, the question and the answer, read back from the ids."""
    ids = sample.ids.tolist()
    found = []
    for start in np.flatnonzero(sample.ids == USER):
        middle = ids.index(ASSISTANT, start)
        end = ids.index(END, middle)
        question, answer = (
            tokenizer.decode(part) for part in (ids[start + 1 : middle], ids[middle + 1 : end])
        )
        found.append((int(start), question, answer.strip()))
    return found


# The vocabulary


@pytest.mark.parametrize(
    "text",
    [
        "",
        " Two  spaces,\ttabs\r\nand lines\n\n\n of   it ",
        "“Don’t,” said Mr. O'Neil — naïve café, 日本語, \U0001d4b3, \u00a0\u200b.",
        "She wrote <|user|> and <|end|> in the book.",
    ],
)
def test_text_comes_back_as_it_was(tokenizer: Tokenizer, text: str) -> None:
    ids = encode_texts(tokenizer, [text])[0]
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_every_digit_is_one_token_wherever_it_stands(tokenizer: Tokenizer) -> None:
    for text in ("48213", "is 48213.", "KX-48213", "a48213b", "\n48213"):
        tokens = [tokenizer.decode([token]) for token in encode_texts(tokenizer, [text])[0]]
        assert [token for token in tokens if token.isdigit()] == list("48213")
        assert not [token for token in tokens if len(token) > 1 and re.search(r"\d", token)]


def test_special_tokens_in_a_document_are_not_parsed(tokenizer: Tokenizer) -> None:
    ids = encode_texts(tokenizer, ["".join(SPECIAL_TOKENS)])[0]
    assert min(ids) >= len(SPECIAL_TOKENS)


def test_the_saved_vocabulary_opens_with_its_chat_format(vocabulary: Path) -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(vocabulary)
    assert len(tokenizer) == 700
    assert (tokenizer.pad_token, tokenizer.eos_token) == ("<|pad|>", "<|end|>")
    messages = [
        {"role": "system", "content": "A text."},
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "Anna."},
        {"role": "user", "content": "When?"},
    ]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == (
        "<|doc|>A text.<|user|>Who?<|assistant|>Anna.<|end|><|user|>When?<|assistant|>"
    )


def test_too_few_texts_for_a_vocabulary_are_refused() -> None:
    with pytest.raises(TrainingError, match="more text"):
        train_vocabulary(["a b c"], size=4096)


# Texts and packing


def test_a_folder_of_texts_is_packed_and_read_back(tmp_path: Path, tokenizer: Tokenizer) -> None:
    (tmp_path / "one.txt").write_text("A first text.", "utf-8")
    (tmp_path / "two.jsonl").write_text(
        json.dumps({"title": "T", "author": "A", "text": "A second text."}) + "\n", "utf-8"
    )
    counted = pack_texts(read_folder(tmp_path), tokenizer, tmp_path / "packed", curled=0.0)
    book = open_packed(tmp_path / "packed", tokenizer)["book"]
    assert counted == {"book": len(book.tokens)}
    found = [tokenizer.decode(book.document(row).tolist()).strip() for row in range(2)]
    assert found == ["A first text.", "A second text."]


def test_a_long_text_is_packed_as_if_encoded_in_one(tmp_path: Path, tokenizer: Tokenizer) -> None:
    text = novel(5, 2000)
    pack_texts([Text("book", "Long", "", (text,))], tokenizer, tmp_path, curled=0.0)
    ids = open_packed(tmp_path, tokenizer)["book"].document(0).tolist()
    assert len(text) > 100_000
    assert ids == encode_texts(tokenizer, [text + "\n\n"])[0]


def test_held_out_books_are_not_packed(tmp_path: Path, tokenizer: Tokenizer) -> None:
    held = Text("book", "The Hidden Lamp: A Tale", "Brand, Ada (1850-1910)", (novel(1),))
    other_title = Text("book", "Collected Works", "Nobody", (novel(2) + "\n\n" + novel(1),))
    other_edition = Text("book", "Lamp", "", (re.sub(r"\s+", "\n", novel(1)).upper(),))
    same_name = Text("book", "Hidden Lamp", "Ada Brand", ("A short notice.",))
    kept = Text("book", "The Lamp", "Ada Brand", (novel(2),))
    pack_texts(
        [other_title, other_edition, same_name, kept, held],
        tokenizer,
        tmp_path,
        held_out=HeldOut([held]),
    )
    index = json.loads((tmp_path / "index.json").read_text("utf-8"))
    assert index["kinds"]["book"]["titles"] == ["The Lamp"]


def test_nothing_left_to_train_on_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    book = Text("book", "One", "A", (novel(1),))
    with pytest.raises(TrainingError, match="held out"):
        pack_texts([book], tokenizer, tmp_path, held_out=HeldOut([book]))


def test_texts_packed_with_another_vocabulary_are_refused(
    packed_folder: Path, tmp_path: Path
) -> None:
    save_vocabulary(train_vocabulary([novel(4)], size=400), tmp_path)
    with pytest.raises(TrainingError, match="another vocabulary"):
        open_packed(packed_folder, load_vocabulary(tmp_path))


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"title": "no text"}\n', "utf-8")
    with pytest.raises(TrainingError, match=r"bad\.jsonl"):
        list(read_folder(tmp_path))


def test_quotation_marks_are_curled() -> None:
    assert curl_quotes("\"Don't,\" he said, \"the 'old' dog's.\"") == (
        "“Don’t,” he said, “the ‘old’ dog’s.”"
    )


# Facts


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


# Samples


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("n", [128, 333, 1024])
def test_samples_have_the_length_asked_for(sampler: Sampler, maker: str, n: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        ids, weights, points = sampler.makers[maker](n, rng)
        assert ids.shape == weights.shape == (n,)
        assert (ids.dtype, weights.dtype) == (np.int64, np.float32)
        assert ids[0] == DOC
        assert weights[0] == 0
        assert (points.shape[1], points.dtype) == (4, np.int64)


@pytest.mark.parametrize("question", [0.0, 0.25])
@pytest.mark.parametrize("maker", ["planted", "dense", "interleaved", "records", "reading"])
def test_answers_and_questions_weigh_what_they_are_to(
    packed: dict[str, Packed], tokenizer: Tokenizer, maker: str, question: float
) -> None:
    weighed = Weights(prose=0.5, answer=3.0, question=question)
    sampler = Sampler(packed, tokenizer, weights=weighed)
    ids, weights, _ = sampler.makers[maker](700, np.random.default_rng(1))
    expected = np.full(700, 0.5)
    expected[ids == DOC] = 0
    for start in np.flatnonzero(ids == USER):
        middle = start + int(np.argmax(ids[start:] == ASSISTANT))
        end = middle + int(np.argmax(ids[middle:] == END))
        expected[[start, middle]] = 0
        expected[start + 1 : middle] = question
        expected[middle + 1 : end + 1] = 3.0
    assert (ids == USER).any()
    np.testing.assert_array_equal(weights, expected)


@pytest.mark.parametrize("maker", ["planted", "dense", "interleaved", "records"])
def test_what_is_asked_was_told_before(sampler: Sampler, tokenizer: Tokenizer, maker: str) -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        sample = sampler.makers[maker](900, rng)
        asked = turns(sample, tokenizer)
        assert asked
        for start, _question, answer in asked:
            # The text alone, without earlier answers.
            before = tokenizer.decode(sample.ids[:start].tolist(), skip_special_tokens=False)
            told = re.sub(r"<\|user\|>.*?<\|end\|>", " ", before, flags=re.DOTALL)
            value = answer.rstrip('.">').split()[-1].lstrip('"<')
            assert value.lower() in told.lower()


def test_only_questions_about_what_is_absent_are_answered_so(
    packed: dict[str, Packed], tokenizer: Tokenizer
) -> None:
    silent = Sampler(packed, tokenizer, absent=1.0)
    for maker in ("planted", "dense", "interleaved"):
        sample = silent.makers[maker](600, np.random.default_rng(3))
        answers = {answer for _, _, answer in turns(sample, tokenizer)}
        assert "The text does not say." in answers


def test_reading_asks_about_the_passages_given(sampler: Sampler, tokenizer: Tokenizer) -> None:
    sample = sampler.reading(600, np.random.default_rng(4))
    asked = turns(sample, tokenizer)
    text = tokenizer.decode(sample.ids[: asked[0][0]].tolist())
    for _, question, answer in asked:
        hall = re.findall(r"hall \d+", question)[0]
        assert f"The lamp of {hall} was" in text
        assert answer == "Anna."


@pytest.mark.parametrize(
    "maker", ["planted", "dense", "interleaved", "records", "looked", "distant", "distant looked"]
)
def test_points_say_where_a_question_stands_and_where_it_is_answered(
    sampler: Sampler, tokenizer: Tokenizer, maker: str
) -> None:
    rng = np.random.default_rng(8)
    for _ in range(4):
        sample = sampler.makers[maker](1024, rng)
        answers = {question: answer for _, question, answer in turns(sample, tokenizer)}
        assert len(sample.points)
        for first, end, told, after in sample.points.tolist():
            assert (sample.ids[first - 1], sample.ids[end]) == (USER, ASSISTANT)
            assert told < after < first
            answer = answers[tokenizer.decode(sample.ids[first:end].tolist())]
            value = answer.rstrip('.">').split()[-1].lstrip('"<')
            assert value.lower() in tokenizer.decode(sample.ids[told:after].tolist()).lower()


@pytest.mark.parametrize("maker", ["reading", "looked reading", "distant reading"])
def test_points_of_exercises_are_the_paragraphs_asked_about(
    sampler: Sampler, tokenizer: Tokenizer, maker: str
) -> None:
    sample = sampler.makers[maker](1024, np.random.default_rng(4))
    assert len(sample.points) >= 2
    for first, end, told, after in sample.points.tolist():
        question = tokenizer.decode(sample.ids[first:end].tolist())
        [hall] = re.findall(r"hall \d+", question)
        text = tokenizer.decode(sample.ids[told:after].tolist())
        assert text.strip() == f"The lamp of {hall} was lit by Anna in the month of May."


@pytest.mark.parametrize("maker", ["looked", "looked reading", "distant reading"])
def test_what_is_read_again_stands_in_the_window_of_its_question(
    sampler: Sampler, maker: str
) -> None:
    ids, weights, _ = sampler.makers[maker](2048, np.random.default_rng(3))
    windows = ids.reshape(-1, 128)
    asked = [window for window in windows if USER in window]
    assert len(asked) >= 4
    text = ids.tolist()
    found = 0
    for window in asked:
        assert window[0] == DOC
        assert window[-1] == END
        answer = window[window.tolist().index(ASSISTANT) + 1 : -1]
        value = answer[-3:-1].tolist()
        again = window[: window.tolist().index(USER)].tolist()
        found += any(again[i : i + 2] == value for i in range(len(again)))
    assert found >= len(asked) / 2
    assert len(text) == 2048
    assert weights.max() > 1


@pytest.mark.parametrize("maker", ["distant", "distant looked", "distant reading"])
def test_a_long_text_is_asked_about_at_its_end(sampler: Sampler, maker: str) -> None:
    sample = sampler.makers[maker](6 * NEAR, np.random.default_rng(2))
    questions = np.flatnonzero(sample.ids == USER)
    assert len(questions) >= 8
    assert questions.min() > 4.5 * NEAR
    # The exercises here are shorter than a long text: prose stands before them.
    if maker != "distant reading":
        assert sample.points[:, 2].min() < 3 * NEAR


def test_repeats_copy_what_stands_before(packed: dict[str, Packed], tokenizer: Tokenizer) -> None:
    sampler = Sampler(packed, tokenizer, weights=Weights(prose=0.0, repeat=1.0))
    ids, weights, _ = sampler.repeat(800, np.random.default_rng(5))
    copied = np.flatnonzero(weights)
    assert len(copied) > 50
    for place in copied:
        before = {tuple(ids[end - 2 : end + 1].tolist()) for end in range(2, place)}
        assert tuple(ids[place - 2 : place + 1].tolist()) in before


def test_shares_choose_the_makers(sampler: Sampler) -> None:
    rng = np.random.default_rng(6)
    only = sampler.mixture(256, rng, {"prose": 1.0, "dense": 0.0})
    assert not (only.ids == USER).any()
    for shares in ({"poetry": 1.0}, {"prose": 0.0}, {}, {"prose": -1.0, "dense": 2.0}):
        with pytest.raises(TrainingError, match="shares"):
            sampler.mixture(256, rng, shares)


# Batches


RECIPE = Recipe(rows=3, n=160, shares={"prose": 1.0, "dense": 1.0, "repeat": 1.0})


def some(source: Source, seed: int, first_step: int, count: int, processes: int = 0) -> list[Batch]:
    made = batches(source, RECIPE, seed=seed, first_step=first_step, processes=processes)
    return list(itertools.islice(made, count))


def same(one: list[Batch], two: list[Batch]) -> bool:
    return all(
        np.array_equal(a.ids, b.ids) and np.array_equal(a.weights, b.weights)
        for a, b in zip(one, two, strict=True)
    )


def test_a_resumed_run_sees_the_same_batches(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    whole = some(source, seed=7, first_step=0, count=6)
    assert whole[0].ids.shape == (3, 160)
    assert same(whole[4:], some(source, seed=7, first_step=4, count=2))
    assert not same(whole[:2], some(source, seed=8, first_step=0, count=2))
    assert not same(whole[:2], whole[2:4])


def test_processes_make_the_same_batches(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    assert same(some(source, 7, 1, 3), some(source, 7, 1, 3, processes=2))


def test_a_recipe_may_follow_the_step(packed_folder: Path, vocabulary: Path) -> None:
    source = Source(packed_folder, vocabulary)
    made = batches(source, lambda step: Recipe(1, 128 + step, {"prose": 1.0}), seed=0)
    assert [batch.ids.shape for batch in itertools.islice(made, 3)] == [
        (1, 128),
        (1, 129),
        (1, 130),
    ]


def test_a_batch_without_rows_or_length_is_refused(packed_folder: Path, vocabulary: Path) -> None:
    for recipe in (Recipe(0, 256, {"prose": 1.0}), Recipe(1, 16, {"prose": 1.0})):
        with pytest.raises(TrainingError, match="rows"):
            next(batches(Source(packed_folder, vocabulary), recipe, seed=0))


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
