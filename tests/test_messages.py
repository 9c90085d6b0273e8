"""Chat messages answered from a book's memory or without a book, tools called on the way."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from test_prompts import HOSTILE, NO_SYSTEM, QWEN, tokenizer

from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.chat import Turn
from beacon_qa.chat.dialogue import dialogue, knows_tools
from beacon_qa.chat.histories import Histories
from beacon_qa.chat.messages import Message, answer_messages, message, text_of
from beacon_qa.chat.tools import BrokenCall, ToolCall, ToolKit
from beacon_qa.documents import Document
from beacon_qa.engine import BUILTIN, Engine
from beacon_qa.errors import BookNotFound, ConfigError, MessageError
from beacon_qa.prompts import Prompts
from beacon_qa.reader import Reader

FEW = Sampling(max_new_tokens=8)
QUESTION = Message("user", "Who counted the whales?")
TALK = [QUESTION, Message("assistant", "The mate."), Message("user", "How many?")]
ADD: dict[str, Any] = {
    "type": "function",
    "function": {"name": "add", "description": HOSTILE, "parameters": {"type": "object"}},
}


@pytest.fixture
def book(reader: Reader, document: Document) -> Book:
    return reader.read(document)


def test_one_message_is_answered_as_a_question_to_the_book(book: Book) -> None:
    answer = answer_messages(book.engine, [QUESTION], book=book, sampling=FEW)
    asked = book.ask(QUESTION.text, sampling=FEW)
    assert answer.text == asked.text
    assert answer.usage == asked.usage
    assert answer.coverage == book.coverage


def test_a_conversation_is_answered_as_a_chat_with_the_book(book: Book) -> None:
    chat = book.chat([Turn(TALK[0].text, TALK[1].text)])
    told = answer_messages(book.engine, TALK, book=book, sampling=FEW)
    assert told.text == chat.ask(TALK[2].text, sampling=FEW).text


def test_answering_messages_leaves_memory_unchanged(book: Book) -> None:
    before = (book.memory.tokens, book.memory.kept)
    assert answer_messages(book.engine, TALK, book=book, sampling=FEW).text
    assert (book.memory.tokens, book.memory.kept) == before


def test_a_conversation_that_grew_is_not_read_again(book: Book) -> None:
    histories = Histories()
    later = [*TALK, Message("assistant", "Seven."), Message("user", "Why?")]

    def answer(messages: list[Message], kept: Histories | None) -> tuple[str, int, int]:
        told = answer_messages(book.engine, messages, book=book, sampling=FEW, histories=kept)
        return told.text, told.usage.input_tokens, told.usage.cached_tokens

    first = answer(TALK, histories)
    again = answer(TALK, histories)
    grown = answer(later, histories)
    alone = answer(later, None)
    assert first[2] == alone[2] == book.memory.tokens
    assert again[:2] == first[:2]
    assert grown[:2] == alone[:2]
    history = len(dialogue(book.engine.prompts, TALK, document=True).history)
    assert again[2] == grown[2] == book.memory.tokens + history


def test_histories_of_two_books_are_kept_apart(reader: Reader, book: Book, text_file: Path) -> None:
    other = reader.read(text_file)
    histories = Histories()
    for one in (book, other, book.as_of(3)):
        answer = answer_messages(reader.engine, TALK, book=one, sampling=FEW, histories=histories)
        assert answer.usage.cached_tokens == one.memory.tokens
        alone = answer_messages(reader.engine, TALK, book=one, sampling=FEW)
        assert answer.text == alone.text


def test_histories_stay_within_their_bytes(book: Book) -> None:
    histories = Histories(nbytes=book.memory.nbytes // 2)
    for _ in range(2):
        answer = answer_messages(book.engine, TALK, book=book, sampling=FEW, histories=histories)
        assert answer.text
        assert answer.usage.cached_tokens == book.memory.tokens


def test_messages_without_a_book_are_answered(engine: Engine) -> None:
    answer = answer_messages(engine, [QUESTION], sampling=FEW)
    assert answer.text
    assert answer.usage.cached_tokens == 0
    assert answer.coverage.total_tokens == 0


def test_what_fits_a_window_is_answered_as_by_the_plain_model(engine: Engine) -> None:
    settings = Sampling(max_new_tokens=6)
    ids = dialogue(engine.prompts, [QUESTION]).question
    assert len(ids) + 6 <= engine.window
    told = answer_messages(engine, [QUESTION], sampling=settings).text
    plain = engine.model.generate(torch.tensor([ids]), max_new_tokens=6, do_sample=False)
    assert told == engine.prompts.text(plain[0, len(ids) :].tolist()).strip()


def test_messages_longer_than_a_window_are_condensed(engine: Engine) -> None:
    long = Message("user", "Tell me of the whale. " * 400)
    answer = answer_messages(engine, [long, TALK[1], TALK[2]], sampling=FEW)
    assert answer.usage.input_tokens > 20 * engine.window
    assert answer.text
    assert answer_messages(engine, [long], sampling=FEW).text


def test_messages_longer_than_the_model_can_hold_are_refused(engine: Engine, book: Book) -> None:
    endless = [Message("user", "whale " * 60_000)]
    with pytest.raises(ConfigError, match="does not fit"):
        answer_messages(engine, endless)
    with pytest.raises(MessageError, match="positions"):
        answer_messages(engine, endless, book=book)


def test_cancelling_ends_the_reading_of_a_long_conversation(engine: Engine) -> None:
    long = [Message("user", "whale " * 12_000), TALK[1], TALK[2]]
    histories = Histories()
    answer = answer_messages(engine, long, sampling=FEW, histories=histories)
    told: list[str] = []
    begun = threading.Event()
    passes = engine.model.register_forward_pre_hook(lambda *_: begun.set())
    thread = threading.Thread(target=lambda: told.append(answer.text))
    thread.start()
    assert begun.wait(60)
    answer.cancel()
    thread.join(60)
    passes.remove()
    assert not thread.is_alive()
    assert told == [""]
    assert answer.finish == "cancelled"
    # What was read in part must not be taken for the whole.
    again = answer_messages(engine, long, sampling=FEW, histories=histories)
    assert again.usage.cached_tokens == 0


def test_system_messages_go_into_the_first_question_behind_a_book() -> None:
    prompts = Prompts(tokenizer())
    system = [Message("system", "Be brief."), Message("system", "Be kind.")]
    ids = dialogue(prompts, [*system, QUESTION], document=True).question
    asked = f"Be brief.\n\nBe kind.\n\n{QUESTION.text}"
    assert prompts.text(ids) == prompts.text(prompts.question(asked))


def test_system_messages_in_front_become_one_without_a_book() -> None:
    made = tokenizer()
    system = [Message("system", "Be brief."), Message("system", "Be kind.")]
    ids = dialogue(Prompts(made), [*system, QUESTION]).question
    text = made.decode(ids)
    assert text.startswith("<|im_start|>system\nBe brief.\n\nBe kind.<|im_end|>\n")
    assert text.count("<|im_start|>system") == 1


def test_what_the_system_says_at_the_end_is_not_lost() -> None:
    made = tokenizer()
    ids = dialogue(Prompts(made), [QUESTION, Message("system", "Be brief.")]).question
    assert f"{QUESTION.text}\n\nBe brief.<|im_end|>" in made.decode(ids)


def test_two_questions_in_a_row_become_one() -> None:
    made = tokenizer(template=NO_SYSTEM)
    made.add_special_tokens({"bos_token": "<|endoftext|>"})
    system = Message("system", "Be brief.")
    ids = dialogue(Prompts(made), [system, QUESTION, Message("user", "Tell!")]).question
    assert made.decode(ids) == (
        f"<|endoftext|>[INST] Be brief.\n\n{QUESTION.text}\n\nTell! [/INST]"
    )


@pytest.mark.parametrize("document", [True, False], ids=["book", "no book"])
@pytest.mark.parametrize("template", [None, NO_SYSTEM], ids=["qwen2.5", "no system role"])
def test_a_conversation_is_written_as_the_template_writes_it(
    template: str | None, document: bool
) -> None:
    made = tokenizer(template=template)
    made.add_special_tokens({"bos_token": "<|endoftext|>"})
    prompts = Prompts(made)
    told = dialogue(prompts, TALK, document=document)
    turns = [{"role": one.role, "content": one.text} for one in TALK]
    if document:
        before, after = prompts.fence
        role = "system" if template is None else "user"
        fenced = f"{before}It was dark{after}"
        if role == "user":
            turns[0]["content"] = f"{fenced}\n\n{turns[0]['content']}"
        else:
            turns = [{"role": role, "content": fenced}, *turns]
    whole = made.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    opening = [*prompts.layout.opening, *prompts.document("It was dark").ids] if document else []
    assert made.decode([*opening, *told.history, *told.question]) == whole


def test_control_words_in_any_message_stay_ordinary_text() -> None:
    made = tokenizer()
    prompts = Prompts(made)

    def controls(text: str) -> list[int]:
        messages = [
            Message("system", "S" + text),
            Message("user", "U" + text),
            Message("assistant", "A" + text, (ToolCall("add", {"a": "b" + text}),)),
            Message("tool", "T" + text, name="N" + text, tool_call_id="I" + text),
        ]
        tool = {**ADD, "function": {**ADD["function"], "description": text}}
        told = dialogue(prompts, messages, kit=ToolKit.of([tool]))
        return [i for i in [*told.history, *told.question] if i in made.added_tokens_decoder]

    assert controls(HOSTILE) == controls("")


def test_tools_calls_and_results_are_written_as_the_template_writes_them() -> None:
    made = tokenizer()
    tool = {"type": "function", "function": {"name": "add", "parameters": {"é": [1]}}}
    messages = [
        Message("system", "Count."),
        Message("user", "1 and 2?"),
        Message("assistant", "", (ToolCall("add", {"a": 1, "b": "zwei"}),)),
        Message("tool", "3", tool_call_id="x"),
    ]
    told = dialogue(Prompts(made), messages, kit=ToolKit.of([tool]))
    turns = [
        {"role": "system", "content": "Count."},
        {"role": "user", "content": "1 and 2?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"name": "add", "arguments": {"a": 1, "b": "zwei"}}],
        },
        {"role": "tool", "content": "3"},
    ]
    whole = made.apply_chat_template(
        turns, tools=[tool], tokenize=False, add_generation_prompt=True
    )
    assert made.decode([*told.history, *told.question]) == whole


def test_tools_may_be_offered_behind_a_book() -> None:
    made = tokenizer()
    told = dialogue(Prompts(made), [QUESTION], document=True, kit=ToolKit.of([ADD]))
    text = made.decode(told.question)
    assert text.index("[The text ends.]") < text.index("<tools>") < text.index(QUESTION.text)


def test_only_templates_with_tools_know_tools() -> None:
    assert knows_tools(Prompts(tokenizer(QWEN)))
    assert not knows_tools(Prompts(tokenizer(BUILTIN)))
    assert not knows_tools(Prompts(tokenizer(template=NO_SYSTEM)))


def test_tools_are_refused_by_a_model_that_knows_none(engine: Engine) -> None:
    with pytest.raises(MessageError, match="knows no tools"):
        answer_messages(engine, [QUESTION], tools=ToolKit.of([ADD]))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "There are 0 messages"),
        ([Message("system", "Be brief.")], "the last is no question"),
        (TALK[:2], "the last is of the assistant"),
    ],
)
def test_messages_without_a_question_are_refused(
    engine: Engine, messages: list[Message], reason: str
) -> None:
    with pytest.raises(MessageError, match=reason):
        answer_messages(engine, messages)


def test_roles_a_template_refuses_are_refused_with_a_sentence() -> None:
    prompts = Prompts(tokenizer(template=NO_SYSTEM))
    with pytest.raises(MessageError, match="let user and assistant take turns"):
        dialogue(prompts, [Message("assistant", "Hello."), QUESTION])


def test_a_message_in_openais_form_is_understood() -> None:
    call = {"id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}
    told = message({"role": "assistant", "content": None, "tool_calls": [call]})
    assert told == Message("assistant", "", (ToolCall("add", {"a": 1}),))
    assert told.tool_calls[0].id == "c1"
    assert message({"role": "developer", "content": "Be brief."}).role == "system"
    result = message({"role": "tool", "content": "2", "tool_call_id": "c1"})
    assert result.tool_call_id == "c1"


def test_blocks_of_text_are_joined_and_thoughts_left_out() -> None:
    blocks = ["One.", {"type": "text", "text": "Two."}, {"type": "thinking", "thinking": "Hm."}]
    assert text_of(blocks) == "One.\n\nTwo."
    assert text_of(None) == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"role": "king", "content": "x"}, "the role 'king'"),
        ({"role": ["user"], "content": "x"}, "the role"),
        ({"content": "x"}, "the role None"),
        ({"role": "user", "content": 7}, "content is of type int"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "type 'image_url'"),
        ({"role": "user", "content": [{"type": "text"}]}, "type 'text'"),
        ({"role": "user", "content": [7]}, "type 'int'"),
        ({"role": "assistant", "tool_calls": [{"id": "x"}]}, "tool call"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "{"}}]},
            "tool call",
        ),
        ({"role": "assistant", "tool_calls": ["x"]}, "tool call"),
    ],
)
def test_a_malformed_message_is_refused_with_a_sentence(value: Any, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        message(value)


SAID = (
    'Let me see.\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": "x</y>"}}\n</tool_call>\n'
    '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_calls_are_found_however_the_reply_is_cut(size: int) -> None:
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    parts = list(ToolKit.of([ADD]).calls(pieces))
    assert "".join(part for part in parts if isinstance(part, str)) == "Let me see."
    calls = [part for part in parts if not isinstance(part, str)]
    assert calls == [ToolCall("add", {"a": 1, "b": "x</y>"}), ToolCall("add", {})]
    assert len({call.id for call in calls if isinstance(call, ToolCall)}) == 2


def test_text_is_told_at_once_unless_a_call_may_begin() -> None:
    parts = ToolKit.of([ADD]).calls(["A ", "b < ", "c <tool", "box> d"])
    assert list(parts) == ["A", " b <", " c", " <toolbox> d"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('<tool_call>{"name": "add", "arguments": {', "not JSON"),
        ('<tool_call>{"name": "fly", "arguments": {}}</tool_call>', "none of the tools"),
        ('<tool_call>["add"]</tool_call>', "none of the tools"),
        ('<tool_call>{"name": "add", "arguments": [1]}</tool_call>', "not a JSON object"),
        ("<tool_call>add(1)</tool_call>", "not JSON"),
    ],
)
def test_a_call_that_is_none_is_told_as_broken(said: str, reason: str) -> None:
    (part,) = ToolKit.of([ADD]).calls([said])
    assert isinstance(part, BrokenCall)
    assert reason in part.reason
    assert part.text in said


def test_a_call_cut_off_after_its_json_counts() -> None:
    (part,) = ToolKit.of([ADD]).calls(['<tool_call>\n{"name": "add", "arguments": {"a": 1}}'])
    assert part == ToolCall("add", {"a": 1})


@pytest.mark.parametrize(
    ("choice", "rest"), [("any", 'add", "arguments": {"a": 1}}'), ("add", '{"a": 1}}')]
)
def test_a_tool_that_has_to_be_called_opens_the_reply(choice: str, rest: str) -> None:
    made = tokenizer()
    kit = ToolKit.of([ADD], choice)
    asked = dialogue(Prompts(made), [QUESTION], kit=kit).question
    assert made.decode(asked).endswith(f"<|im_start|>assistant\n{kit.opening}")
    assert made.convert_tokens_to_ids("<tool_call>") in asked
    assert list(kit.calls([rest, "</tool_call>"])) == [ToolCall("add", {"a": 1})]


def test_a_malformed_tool_or_choice_is_refused() -> None:
    with pytest.raises(MessageError, match="give each as"):
        ToolKit.of([{"name": "add"}])
    with pytest.raises(MessageError, match="of letters, digits"):
        ToolKit.of([{"function": {"name": 'a", "b'}}])
    with pytest.raises(MessageError, match="tool_choice is 'fly'"):
        ToolKit.of([ADD], "fly")


def test_a_comparison_asks_each_book(reader: Reader, book: Book, text_file: Path) -> None:
    other = reader.read(text_file)
    compared = reader.compare([book, other.id], "Who?", sampling=FEW)
    assert [answer.so_far for _, answer in compared] == ["", ""]
    assert [one.id for one, _ in compared] == [book.id, other.id]
    told = [one.ask("Who?", sampling=FEW).text for one in (book, other)]
    assert [answer.text for _, answer in compared] == told
    headings = [f"## {one.title}\n\n{text}" for one, text in zip((book, other), told, strict=True)]
    assert compared.text == "\n\n".join(headings)


def test_a_comparison_stands_side_by_side(reader: Reader, book: Book) -> None:
    early = book.as_of(3)
    table = reader.compare([book, early], "Who | what?", sampling=FEW).table.splitlines()
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert f"{early.title}, as of {early.up_to}" in table[0]
    assert "Who \\| what?" in table[2]
    assert str(early.coverage) in table[3]


def test_a_comparison_with_a_book_that_is_not_there_is_refused(reader: Reader) -> None:
    with pytest.raises(BookNotFound):
        reader.compare(["nothing"], "Who?")


def test_a_comparison_may_be_cancelled(reader: Reader, book: Book) -> None:
    compared = reader.compare([book, book], "Who?", sampling=FEW)
    assert compared[0][1].text
    compared.cancel()
    assert [answer.finish for _, answer in compared] != ["", ""]
    assert compared[1][1].text == ""
    assert len(compared) == 2
