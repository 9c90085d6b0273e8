"""Looking back: evidence, what is read again, and that the memory stays what it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from test_prompts import QWEN, tokenizer
from tiny_models import make_checkpoint, random_ids

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling, load_model
from beacon_qa.beacon.heads import CONTRAST, evidence_contrast, evidence_heads
from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.messages import Message, answer_messages
from beacon_qa.documents import Document
from beacon_qa.engine import BUILTIN, Engine
from beacon_qa.errors import ConfigError, ModelError
from beacon_qa.evidence.checking import CANDIDATES
from beacon_qa.evidence.looking import PASSAGES, LookBack
from beacon_qa.prompts import Prompts
from beacon_qa.reader import Reader
from tests.captains import captains
from tests.small_documents import make_document

QUESTION = "Who is the captain of the ship compass?"
FEW = Sampling(max_new_tokens=12)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A text with six facts, read by the built-in model at ratio 8."""
    reader = Reader.load(shelf=tmp_path_factory.mktemp("looking"), ratio=8)
    return reader.read(captains())


@pytest.fixture
def tiny_book(reader: Reader, document: Document) -> Book:
    """A book of the tiny model, whose random attention finds something everywhere."""
    return dataclasses.replace(reader, ratio=4).read(document)


def told(book: Book, look_back: LookBack, question: str = QUESTION) -> Answer:
    answer = book.ask(question, sampling=FEW, look_back=look_back)
    assert answer.text is not None
    return answer


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_plain_answer_has_evidence_and_reads_nothing_again(book: Book) -> None:
    answer = book.ask(QUESTION, sampling=FEW, look_back="off")
    assert (answer.evidence, answer.attention, answer.read_again) == ((), (), ())
    assert answer.text
    assert answer.evidence
    assert [p.score for p in answer.evidence] == sorted(p.score for p in answer.evidence)[::-1]
    assert len(answer.attention) == book.coverage.total_windows
    assert sum(answer.attention) == pytest.approx(1)
    assert (answer.read_again, answer.rounds) == ((), ())
    plain = book.engine.prompts.question(QUESTION)
    assert answer.usage.input_tokens == book.memory.tokens + len(plain)


def test_looking_back_reads_the_fact_that_is_asked_for(book: Book) -> None:
    answer = told(book, "on")
    text = book.document.text
    passages = [text[passage.start : passage.end] for passage in answer.read_again]
    assert 0 < len(passages) <= PASSAGES
    assert any("captain of the ship compass" in words(passage) for passage in passages)
    places = [passage.start for passage in answer.read_again]
    assert places == sorted(places)
    assert all(p.page == book.document.page_at(p.start).label for p in answer.read_again)  # type: ignore[union-attr]


def test_what_is_read_again_is_the_text_letter_by_letter_and_fits_a_window(book: Book) -> None:
    ids = [book.ground.ids(passage) for passage in told(book, "on").read_again]
    for passage, tokens in zip(told(book, "on").read_again, ids, strict=True):
        wanted = book.document.text[passage.start : passage.end]
        assert book.engine.prompts.text(tokens).strip() == wanted
    assert sum(map(len, ids)) <= book.engine.window


def test_usage_counts_the_question_twice_and_all_that_was_read_for_it(book: Book) -> None:
    answer = told(book, "on")
    prompts = book.engine.prompts
    candidates = book.find(QUESTION, most=CANDIDATES).passages
    assert PASSAGES < len(candidates) <= CANDIDATES
    checked = [prompts.question(QUESTION, again=[book.ground.ids(one)]) for one in candidates]
    again = prompts.question(
        QUESTION, again=[book.ground.ids(passage) for passage in answer.read_again]
    )
    new = len(prompts.question(QUESTION)) + sum(map(len, checked)) + len(again)
    assert answer.usage.cached_tokens == book.memory.tokens
    assert answer.usage.input_tokens == book.memory.tokens + new


def test_auto_looks_back_only_where_the_find_stands_out(book: Book) -> None:
    found = book.find(QUESTION)
    model = book.engine.model
    before = model.evidence_contrast
    try:
        model.evidence_contrast = found.contrast - 1
        assert told(book, "auto").read_again == told(book, "on").read_again
        model.evidence_contrast = found.contrast + 1
        nothing, plain = told(book, "auto"), told(book, "off")
        assert nothing.read_again == ()
        assert nothing.text == plain.text
        assert [p.start for p in nothing.evidence] == [p.start for p in plain.evidence]
    finally:
        model.evidence_contrast = before


def test_looking_back_leaves_the_memory_unchanged(book: Book) -> None:
    before = told(book, "off")
    kept = book.memory.kept, book.memory.tokens
    told(book, "on")
    book.chat().ask(QUESTION, sampling=FEW, look_back="on").text  # noqa: B018
    after = told(book, "off")
    assert (book.memory.kept, book.memory.tokens) == kept
    assert (after.text, after.evidence) == (before.text, before.evidence)


def test_an_answer_is_told_as_from_the_prompt_with_its_passages_in_view(tiny_book: Book) -> None:
    answer = told(tiny_book, "on", "Who tells of whale 70?")
    engine, ground = tiny_book.engine, tiny_book.ground
    again = [ground.ids(passage) for passage in answer.read_again]
    assert again
    ids = engine.prompts.question("Who tells of whale 70?", again=again)
    by_hand = engine.answer(
        "", lambda **_: ids, tiny_book.memory.sealed, cached=0, coverage=tiny_book.coverage,
        sampling=FEW,
    )  # fmt: skip
    assert by_hand.text == answer.text != told(tiny_book, "off", "Who tells of whale 70?").text


def test_a_follow_up_has_evidence_in_the_text_and_may_look_back(tiny_book: Book) -> None:
    chat = tiny_book.chat([Turn("Who is it?", "It is a whale.")])
    plain = chat.ask("And why?", sampling=FEW, look_back="off")
    assert plain.text
    assert plain.evidence
    # What was said has grown behind the text: it is not a place in the text.
    assert len(plain.attention) == tiny_book.coverage.total_windows
    again = chat.ask("And then?", sampling=FEW, look_back="on")
    assert again.text
    assert again.read_again
    length = len(tiny_book.document.text)
    assert all(passage.end <= length for passage in (*again.evidence, *again.read_again))


def test_what_was_read_again_is_not_there_for_the_next_question(tiny_book: Book) -> None:
    """The next question goes on from what was said, not from what was read again for it."""
    talk = tiny_book.chat()
    said = talk.ask("Who is it?", sampling=FEW, look_back="on")
    assert said.text
    next_one = talk.ask("And why?", sampling=FEW, look_back="off")
    assert next_one.text
    asked = tiny_book.engine.prompts.question("Who is it?")
    before = tiny_book.memory.tokens + len(asked) + said.usage.output_tokens
    assert said.read_again
    assert next_one.usage.cached_tokens == before
    assert next_one.read_again == ()


@pytest.mark.parametrize("page", [3, 7])
@pytest.mark.parametrize("way", ["off", "on"])
def test_as_of_a_page_nothing_points_past_it(tiny_book: Book, page: int, way: LookBack) -> None:
    early = tiny_book.as_of(page)
    end = tiny_book.document.pages[page - 1].end
    long_talk = [Turn(f"Who is whale {n}?", "Nobody knows it. " * 3) for n in range(8)]
    chat = early.chat(long_talk)
    for ask, question in (
        (early.ask, "Who tells of whale 800?"),
        (chat.ask, "Who tells of whale 800?"),
        (chat.ask, "And of whale 819?"),
    ):
        answer = ask(question, sampling=FEW, look_back=way)
        assert answer.text
        assert answer.evidence
        assert all(0 <= p.start < p.end <= end for p in (*answer.evidence, *answer.read_again))
        assert bool(answer.read_again) == (way == "on")
    # In the conversation windows were condensed since, of which none is of the text.
    window = early.engine.window
    assert answer.usage.cached_tokens > early.memory.tokens + 4 * window


def test_a_text_that_is_held_raw_is_not_read_again(engine: Engine, reader: Reader) -> None:
    short = dataclasses.replace(make_document(2), text="Call me Ishmael.", pages=(), chapters=())
    book = reader.read(short)
    assert book.memory.windows == 0
    answer = told(book, "on", "Who?")
    assert answer.read_again == ()
    assert answer.text == told(book, "off", "Who?").text
    assert engine.window > len(book.ids)


def test_nothing_is_read_again_where_the_model_has_no_room_for_it(tiny_book: Book) -> None:
    look = tiny_book.looking("on")
    beacon = tiny_book.engine.model.beacon
    room = beacon.positions - tiny_book.memory.kept - beacon.window
    assert look.room(tiny_book.memory) == room
    passages = told(tiny_book, "on").read_again

    def prompt(*, again: Any = (), notes: Any = ()) -> list[int]:
        return [0] * (room + 2 - 2 * (3 - len(again)) if again else 5)

    kept, ids = look.in_view(passages, tiny_book.memory, prompt)
    assert kept == tuple(sorted(passages[:2], key=lambda p: p.start))
    assert len(ids) == room


def test_a_way_that_is_none_is_refused_with_its_sentence(tiny_book: Book, tmp_path: Path) -> None:
    sentence = "look_back is 'maybe'; it must be one of auto, on, off."
    chat = tiny_book.chat()
    ways: list[Any] = [
        lambda: tiny_book.ask("Who?", look_back="maybe"),  # type: ignore[arg-type]
        lambda: chat.ask("Who?", look_back="maybe"),  # type: ignore[arg-type]
        lambda: Reader.load(shelf=tmp_path, look_back="maybe"),  # type: ignore[arg-type]
        lambda: Engine.load(look_back="maybe"),  # type: ignore[arg-type]
        lambda: answer_messages(tiny_book.engine, [Message("user", "Who?")], look_back="maybe"),  # type: ignore[arg-type]
    ]
    for way in ways:
        with pytest.raises(ModelError) as error:
            way()
        assert str(error.value) == sentence


def test_a_refused_question_leaves_the_answer_being_told(tiny_book: Book) -> None:
    chat = tiny_book.chat()
    first = chat.ask("Who?", sampling=FEW)
    with pytest.raises(ModelError):
        chat.ask("Why?", look_back="maybe")  # type: ignore[arg-type]
    assert first.text
    assert first.finish != "cancelled"


def test_a_reader_and_its_engine_have_a_way_of_their_own(
    tiny_checkpoint: Path, tmp_path: Path, document: Document
) -> None:
    never = Reader.load(tiny_checkpoint, device="cpu", shelf=tmp_path, ratio=4, look_back="off")
    book = never.read(document)
    answer = book.ask("Who?", sampling=FEW)
    assert answer.text
    assert answer.read_again == ()
    assert told(book, "on", "Who?").read_again
    assert Reader.load(tiny_checkpoint, device="cpu", shelf=tmp_path).engine.look_back == "auto"


def test_messages_look_back_as_a_book_and_a_chat_do(tiny_book: Book) -> None:
    engine = tiny_book.engine
    first = [Message("user", "Who is it?")]
    later = [*first, Message("assistant", "It is a whale."), Message("user", "And why?")]
    chat = tiny_book.chat([Turn("Who is it?", "It is a whale.")])
    for messages, wanted in (
        (first, told(tiny_book, "on", "Who is it?")),
        (later, chat.ask("And why?", sampling=FEW, look_back="on")),
    ):
        answer = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="on")
        assert answer.text == wanted.text
        assert answer.read_again == wanted.read_again
        assert answer.read_again
        plain = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="off")
        assert plain.text
        assert plain.evidence
        assert plain.read_again == ()


def test_a_question_longer_than_a_window_may_look_back(tiny_book: Book) -> None:
    messages = [Message("user", "Who is the captain of the ship? " * 12)]
    engine = tiny_book.engine
    answer = answer_messages(engine, messages, book=tiny_book, sampling=FEW, look_back="on")
    assert len(engine.prompts.question(messages[0].text)) > 2 * engine.window
    assert answer.text
    assert answer.read_again


# The memory under it.

SEALED: list[dict[str, Any]] = [
    {"beacon_ratio": [4]},
    {"beacon_ratio": [4], "beacon_sink_size": 2},
    {"beacon_ratio": [2, 8], "beacon_ratio_mix": "sequence"},
]


def ids_of(count: int, seed: int = 3) -> torch.Tensor:
    return random_ids(seed, 1, count)


def logits(model: Any, memory: Any, ids: torch.Tensor) -> torch.Tensor:
    """The logits of every token of `ids`, read into the memory."""
    with torch.no_grad():
        return torch.as_tensor(
            model(input_ids=ids, past_key_values=memory, logits_to_keep=0).logits[0]
        )


def read(model: Any, count: int, ratio: Any = None) -> Any:
    memory = model.new_memory(ratio)
    logits(model, memory, ids_of(count, seed=1))
    return memory


@pytest.mark.parametrize("fields", SEALED, ids=["plain", "sinks", "mixed"])
@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_a_sealed_memory_condenses_nothing_that_follows(
    tmp_path: Path, architecture: str, fields: dict[str, Any]
) -> None:
    model = load_model(make_checkpoint(tmp_path / "m", architecture, **fields), device="cpu")
    memory = read(model, 37)  # two full windows of 16, and 5 tokens
    kept, tokens = memory.kept, memory.tokens
    sealed = memory.sealed()
    logits(model, sealed, ids_of(50))
    assert (sealed.kept, sealed.tokens) == (kept + 50, tokens + 50)
    assert (memory.kept, memory.tokens) == (kept, tokens)


@pytest.mark.parametrize("sinks", [0, 2])
def test_what_follows_a_sealed_memory_sees_it_as_a_schedule_that_stops_condensing(
    tmp_path: Path, sinks: int
) -> None:
    """At the end of a window: going on at ratio 0 is what sealing means."""
    checkpoint = make_checkpoint(tmp_path / "m", "qwen2", beacon_sink_size=sinks)
    model = load_model(checkpoint, device="cpu")
    sealed = read(model, 32, 4).sealed()
    wanted = read(model, 32, (4, 4, 0, 0, 0, 0))
    following = ids_of(41)  # over two more windows
    assert torch.allclose(
        logits(model, sealed, following), logits(model, wanted, following), atol=1e-5
    )


@pytest.mark.parametrize("tokens", [5, 21, 37])
@pytest.mark.parametrize("fields", SEALED, ids=["plain", "sinks", "mixed"])
def test_sealing_changes_nothing_that_a_memory_holds(
    tmp_path: Path, tokens: int, fields: dict[str, Any]
) -> None:
    """With an open window too, and with no full one: the next token is told as it was."""
    model = load_model(make_checkpoint(tmp_path / "m", "qwen2", **fields), device="cpu")
    memory = read(model, tokens)
    one = ids_of(1)  # no beacon follows the 6th, 22nd or 38th token of a text
    plain, sealed = logits(model, memory.fork(), one), logits(model, memory.sealed(), one)
    assert torch.allclose(plain, sealed, atol=1e-5)
    more = ids_of(20)
    assert not torch.allclose(
        logits(model, memory.fork(), more)[-1], logits(model, memory.sealed(), more)[-1], atol=1e-3
    )


def test_a_sealed_memory_is_read_on_in_pieces_as_in_one(tmp_path: Path) -> None:
    model = load_model(make_checkpoint(tmp_path / "m", "qwen2"), device="cpu")
    memory = read(model, 37)
    whole, pieces = memory.sealed(), memory.sealed()
    following = ids_of(45)
    at_once = logits(model, whole, following)
    parts = [logits(model, pieces, part) for part in following.split([1, 14, 2, 28], dim=1)]
    assert torch.allclose(at_once, torch.cat(parts), atol=1e-5)


def test_a_head_of_the_last_layer_sees_where_a_question_falls(tiny_book: Book) -> None:
    """The pass that only looks computes no more than it must, but that."""
    last = tiny_book.engine.model.config.num_hidden_layers - 1
    assert {layer for layer, _ in tiny_book.engine.model.evidence_heads} == {last}
    assert tiny_book.find("Who tells of whale 70?").passages


# The prompt.


def test_passages_come_last_in_the_document_of_a_plain_layout() -> None:
    prompts = Prompts(tokenizer(BUILTIN))
    assert prompts.plain
    opening, closing = list(prompts.layout.opening), list(prompts.layout.closing)
    turn = list(prompts.layout.turn)
    again = [prompts.answer("One passage."), prompts.answer("Another.")]
    shown = "\n\nOne passage.\n\nAnother."
    plain, first = prompts.question("Who?"), prompts.question("Who?", again=again)
    assert prompts.text(first[: len(first) - len(plain)]) == shown
    assert first[len(first) - len(plain) :] == plain
    later, plain = (
        prompts.question("Who?", first=False, again=passages) for passages in (again, [])
    )
    assert plain[: len(turn)] == turn
    # Between two questions the document goes on.
    end = turn[: len(turn) - len(closing)]
    assert later[: len(end) + len(opening)] == [*end, *opening]
    rest = plain[len(end) :]
    assert later[len(later) - len(rest) :] == rest
    assert prompts.text(later[len(end) + len(opening) : len(later) - len(rest)]) == shown


def test_passages_and_notes_are_named_in_a_chat_template() -> None:
    prompts = Prompts(tokenizer(QWEN))
    again = [prompts.answer("Call me <|im_end|> Ishmael.")]
    made = prompts.tokenizer
    first = made.decode(prompts.question("Who?", again=again, notes=["It is Ahab."]))
    assert first.startswith(
        "\n\n[Passages of the text, read again word for word:]\n\nCall me <|im_end|> Ishmael."
        "\n\n[Notes taken from passages of the text:]\n\nIt is Ahab.\n[The text ends.]"
    )
    assert first.endswith("Who?<|im_end|>\n<|im_start|>assistant\n")
    later = made.decode(prompts.question("Who?", first=False, again=again))
    before, _, after = later.partition("[Passages of the text, read again word for word:]")
    assert before == "<|im_end|>\n<|im_start|>user\n\n\n"
    assert after.startswith("\n\nCall me <|im_end|> Ishmael.\n\n[Up to here it is material to read")
    assert after.endswith("]\n\nWho?<|im_end|>\n<|im_start|>assistant\n")
    # What stands in a passage is text: no control token comes out of it.
    ends = prompts.layout.stop_ids
    for ids in (
        prompts.question("Who?", again=again),
        prompts.question("Who?", first=False, again=again),
    ):
        plain = prompts.question("Who?", first=ids[:1] != list(prompts.layout.turn)[:1])
        assert sum(token in ends for token in ids) == sum(token in ends for token in plain)


@pytest.mark.parametrize("folder", [BUILTIN, QWEN], ids=["plain", "chat template"])
@pytest.mark.parametrize("first", [True, False])
def test_without_passages_a_prompt_is_as_it_was(folder: Path, first: bool) -> None:
    prompts = Prompts(tokenizer(folder))
    layout = prompts.layout
    before = layout.closing if first else layout.turn
    wanted = [*before, *prompts.answer("Who?"), *layout.ask]
    assert prompts.question("Who?", first=first, again=[], notes=[]) == wanted


# The settings of a checkpoint.


def config(**fields: Any) -> Any:
    shape = {"num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 2}
    return SimpleNamespace(**shape, **fields)


def test_heads_named_by_a_checkpoint_are_taken_and_others_are_from_its_middle() -> None:
    assert evidence_heads(config(beacon_evidence_heads=[[5, 7], [0, 0]])) == ((5, 7), (0, 0))
    assert evidence_heads(config()) == ((3, 0), (3, 4), (4, 0), (4, 4))
    assert evidence_contrast(config(beacon_evidence_contrast=3)) == 3.0
    assert evidence_contrast(config()) == CONTRAST


@pytest.mark.parametrize("pair", [[6, 0], [0, 8], [-1, 0], [1], "ab", 3, [0, "1"], [0.5, 1]])
def test_heads_that_a_model_has_not_are_refused(pair: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"beacon_evidence_heads names .*; each is a layer below 6"
    ):
        evidence_heads(config(beacon_evidence_heads=[[0, 0], pair]))


@pytest.mark.parametrize("value", [-1, "12", None, float("nan"), True])
def test_a_contrast_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="beacon_evidence_contrast is"):
        evidence_contrast(config(beacon_evidence_contrast=value))


@pytest.mark.parametrize("heads", [7, "x", {}, []])
def test_heads_that_are_no_list_are_refused(heads: Any) -> None:
    with pytest.raises(ConfigError, match="beacon_evidence_heads"):
        evidence_heads(config(beacon_evidence_heads=heads))


def test_a_checkpoint_with_wrong_heads_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", "qwen2", beacon_evidence_heads=[[9, 0]])
    with pytest.raises(ConfigError, match="beacon_evidence_heads names"):
        load_model(folder, device="cpu")
