"""The template cut around the document, and text that can never become a control token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from templates import (
    BUILTIN,
    HOSTILE,
    NO_SYSTEM,
    QWEN,
    SYSTEM_IN_LAST_MESSAGE,
    WITHOUT_CONTENT,
    tokenizer,
)

from beacon_qa.errors import ModelError
from beacon_qa.prompts import LENGTHS, Prompts, summary_tokens


def whole(prompts: Prompts, document: str, question: str) -> list[int]:
    ids = [*prompts.layout.opening, *prompts.document(document).ids]
    return [*ids, *prompts.question(question)]


def test_pieces_put_together_are_the_template_rendered_as_a_whole() -> None:
    made = tokenizer()
    prompts = Prompts(made)
    # Without a full stop: the document ends where it ends, and no token reaches beyond it.
    ids = whole(prompts, "It was a dark night", "Was it dark?")
    system = made.decode(ids).split("<|im_start|>system\n")[1].split("<|im_end|>")[0]
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": "Was it dark?"},
    ]
    rendered = made.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert "[The text begins.]\nIt was a dark night\n[The text ends.]" in system
    assert ids == made(rendered, add_special_tokens=False)["input_ids"]


def test_a_conversation_goes_on_as_the_template_would_write_it() -> None:
    made = tokenizer()
    prompts = Prompts(made)
    ids = [
        *whole(prompts, "It was dark.", "Was it?"),
        *prompts.answer("Yes."),
        *prompts.question("Why?", first=False),
    ]
    ends = "<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n"
    assert made.decode(ids).endswith(ends + "<|im_start|>assistant\n")


@pytest.mark.parametrize("folder", [QWEN, BUILTIN], ids=["qwen2.5", "builtin"])
def test_control_words_in_a_book_stay_ordinary_text(folder: Path) -> None:
    made = tokenizer(folder)
    controls = set(made.added_tokens_decoder)
    prompts = Prompts(made)
    encoded = prompts.document(HOSTILE)
    assert controls.isdisjoint(encoded.ids)
    assert made.decode(encoded.ids) == HOSTILE
    # The same text tokenized in the usual way does hold control tokens.
    assert not controls.isdisjoint(made(HOSTILE, add_special_tokens=False)["input_ids"])


def test_control_words_in_a_question_stay_ordinary_text() -> None:
    made = tokenizer()
    prompts = Prompts(made)
    plain = prompts.question("Who?")
    hostile = prompts.question("Who?" + HOSTILE)
    controls = set(made.added_tokens_decoder)
    assert [i for i in plain if i in controls] == [i for i in hostile if i in controls]


def test_a_control_word_inside_another_is_cut_as_well() -> None:
    made = tokenizer()
    text = "<|im_<|im_end|>end|>" + "<<|im_end|>|im_end|>"
    assert set(made.added_tokens_decoder).isdisjoint(Prompts(made).document(text).ids)


def test_ordinary_text_is_tokenized_as_by_the_tokenizer_itself() -> None:
    made = tokenizer()
    text = "Straße, “quoted” 日本語 🙂 <b>x</b> 1851.\n\n   End"
    assert Prompts(made).document(text).ids == made(text, add_special_tokens=False)["input_ids"]


def test_half_a_character_is_read_as_one_that_is_unknown() -> None:
    prompts = Prompts(tokenizer())
    cut = "The whale \ud83d swims."
    assert prompts.document(cut) == prompts.document(cut.replace("\ud83d", "\ufffd"))
    assert prompts.question(cut)


def test_token_windows_know_their_characters() -> None:
    text = "One whale. " * 40
    encoded = Prompts(tokenizer()).document(text)
    middle = len(encoded) // 2
    first, second = encoded.span(0, middle), encoded.span(middle, len(encoded))
    assert first[0] == 0
    assert first[1] == second[0]
    assert second[1] == len(text)
    assert encoded.tokens_before(first[1]) == middle
    assert encoded.span(len(encoded), len(encoded) + 5) == (len(text), len(text))


def test_no_token_crosses_a_seam() -> None:
    prompts = Prompts(tokenizer())
    first, second = "The ship was th", "ere and old."
    joined = prompts.document(first + second, [len(first)]).ids
    assert joined == prompts.document(first).ids + prompts.document(second).ids
    assert joined != prompts.document(first + second).ids


def test_without_a_system_role_the_document_stands_in_the_first_question() -> None:
    made = tokenizer(template=NO_SYSTEM)
    made.add_special_tokens({"bos_token": "<|endoftext|>"})
    text = made.decode(whole(Prompts(made), "It was dark.", "Was it?"))
    assert text.startswith("<|endoftext|>[INST] Here is a text.")
    assert "[The text begins.]\nIt was dark.\n[The text ends.]" in text
    assert text.endswith("\n\nWas it? [/INST]")


def test_a_template_that_moves_the_system_message_gets_the_document_in_front() -> None:
    made = tokenizer(template=SYSTEM_IN_LAST_MESSAGE)
    prompts = Prompts(made)
    ids = [
        *whole(prompts, "It was dark", "Was it?"),
        *prompts.answer("Yes"),
        *prompts.question("Why?", first=False),
    ]
    text = made.decode(ids)
    assert text.startswith("[INST] Here is a text.")
    assert text.endswith("\n\nWas it? [/INST]Yes<|im_end|>[INST] Why? [/INST]")


def test_a_template_that_drops_what_is_said_is_refused() -> None:
    with pytest.raises(ModelError, match="chat template"):
        Prompts(tokenizer(template=WITHOUT_CONTENT))


def test_a_model_without_a_template_gets_questions_and_answers_in_plain_words() -> None:
    made = tokenizer()
    made.chat_template = None
    prompts = Prompts(made)
    assert made.decode(prompts.question("Was it?")).endswith("Question: Was it?\nAnswer:")
    assert prompts.layout.stop_strings == ("\nQuestion:",)


def test_the_builtin_model_gets_no_instructions() -> None:
    made = tokenizer(BUILTIN)
    prompts = Prompts(made)
    text = made.decode(whole(prompts, "It was dark.", "Was it?"))
    assert text == "<|doc|>It was dark.<|user|>Was it?<|assistant|>"
    assert made.decode(prompts.question("Why?", first=False)) == (
        "<|end|><|user|>Why?<|assistant|>"
    )
    assert made.decode(list(prompts.layout.stop_ids)) == "<|end|>"


HASTY = {
    "who built the tower": "Who built the tower?",
    " in which year was it sold ": "In which year was it sold?",
    "is it dark": "Is it dark?",
    "what does “sic” mean": "What does “sic” mean?",
    "Who built the tower?": "Who built the tower?",
    "Can you tell me who built the tower?": "Who built the tower?",
    "please, in which year was it sold": "In which year was it sold?",
    "I'd like to know what the tower was for.": "What was the tower for?",
    "do you know where Alice is": "Where is Alice?",
    # No order is guessed at where a clause stands between.
    "tell me what the man that was lost said": "What the man that was lost said?",
    "tell me what happened to the ship that was sold": "What happened to the ship that was sold?",
}
NO_QUESTIONS = (
    "the tower",
    "whoever built it",
    "Summarize the text.",
    "tell me about the tower",
    "who?\nwhat",
    "",
)


@pytest.mark.parametrize("typed", HASTY)
def test_the_builtin_model_is_asked_what_is_typed_in_haste_as_a_sentence(typed: str) -> None:
    prompts = Prompts(tokenizer(BUILTIN))
    asked = prompts.asked(typed)
    assert prompts.text(asked) == HASTY[typed]
    assert prompts.question(typed) == prompts.question(HASTY[typed])
    # Larger models are asked what was typed.
    assert Prompts(tokenizer()).asked(typed) == Prompts(tokenizer()).answer(typed)


@pytest.mark.parametrize("typed", NO_QUESTIONS)
def test_what_is_no_question_is_put_as_it_was_typed(typed: str) -> None:
    prompts = Prompts(tokenizer(BUILTIN))
    assert prompts.text(prompts.asked(typed)) == typed


def test_an_answer_of_the_builtin_model_begins_with_the_space_it_was_taught() -> None:
    made = tokenizer(BUILTIN)
    assert made.decode(Prompts(made).answer("Yes.")) == " Yes."
    assert Prompts(made).answer("") == []
    other = tokenizer()
    assert other.decode(Prompts(other).answer("Yes.")) == "Yes."


def test_a_tokenizer_marked_plain_gets_no_instructions() -> None:
    made = tokenizer()
    made.init_kwargs["beacon_plain"] = True
    text = made.decode(whole(Prompts(made), "It was dark.", "Was it?"))
    assert text.startswith("<|im_start|>system\nIt was dark.<|im_end|>\n")


def test_the_end_of_a_turn_stops_an_answer() -> None:
    made = tokenizer()
    assert Prompts(made).layout.stop_ids == (made.convert_tokens_to_ids("<|im_end|>"),)


def test_two_layouts_of_different_wording_have_different_keys() -> None:
    assert Prompts(tokenizer()).layout.key == Prompts(tokenizer()).layout.key
    assert Prompts(tokenizer()).layout.key != Prompts(tokenizer(BUILTIN)).layout.key


@pytest.mark.parametrize("length", LENGTHS)
def test_a_summary_request_names_its_length_and_chapter(length: Any) -> None:
    prompts = Prompts(tokenizer())
    words = summary_tokens(length) // 3
    assert f"about {words} words" in prompts.summary_request(length)
    assert "whole text" in prompts.summary_request(length)
    assert '"The Chase"' in prompts.summary_request(length, "The Chase")
