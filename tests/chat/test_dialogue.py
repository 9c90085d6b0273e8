"""A conversation, its system messages and its tools, as the model's template writes them."""

from __future__ import annotations

import pytest
from said_messages import ADD, QUESTION, TALK
from templates import HOSTILE, NO_SYSTEM, QWEN, tokenizer

from beacon_qa.chat.dialogue import dialogue, knows_tools
from beacon_qa.chat.messages import Message
from beacon_qa.chat.tools import ToolCall, ToolKit
from beacon_qa.engine import BUILTIN
from beacon_qa.errors import MessageError
from beacon_qa.prompts import Prompts


def test_system_messages_go_into_the_first_question_behind_a_book() -> None:
    prompts = Prompts(tokenizer())
    system = [Message("system", "Be brief."), Message("system", "Be kind.")]
    ids = dialogue(prompts, [*system, QUESTION], document=True).question
    asked = f"Be brief.\n\nBe kind.\n\n{QUESTION.text}"
    assert prompts.text(ids) == prompts.text(prompts.question(asked))


def test_the_builtin_model_is_asked_all_questions_of_a_conversation_as_sentences() -> None:
    prompts = Prompts(tokenizer(BUILTIN))
    hasty = [Message("user", "who wrote"), Message("assistant", "how so"), Message("user", "when")]
    told = dialogue(prompts, hasty, document=True)
    history, question = prompts.text(told.history), prompts.text(told.question)
    assert (history, question) == ("Who wrote? how so", "When?")
    first, end = told.asked
    assert told.question[first:end] == prompts.asked("when")


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


def test_roles_a_template_refuses_are_refused_with_a_sentence() -> None:
    prompts = Prompts(tokenizer(template=NO_SYSTEM))
    with pytest.raises(MessageError, match="let user and assistant take turns"):
        dialogue(prompts, [Message("assistant", "Hello."), QUESTION])
