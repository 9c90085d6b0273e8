"""A chat template cut around the document: what it puts before, between and after the texts.

Knows a tokenizer's chat template; knows nothing of wording, models or memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from beacon_qa.errors import ModelError

TEMPLATE_VERSION = 1
"""Raised when the wording before a document changes: memories made before are then read anew."""

_PLAIN_TEMPLATE = (
    "{{ bos_token or '' }}{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}"
    "{% elif message.role == 'user' %}{{ '\n\nQuestion: ' + message.content }}"
    "{% else %}{{ '\nAnswer:' + message.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\nAnswer:' }}{% endif %}"
)
"""How a conversation is written for a tokenizer that has no template."""

# Plain words, so that no template has a reason to change them and no tokenizer a special case.
_DOCUMENT, _QUESTION, _ANSWER, _FOLLOWUP = "qzdocumentzq", "qzquestionzq", "qzanswerzq", "qznextzq"


@dataclass(frozen=True)
class Layout:
    """The template's own token ids around the texts of a conversation.

    `opening` comes before the document, `closing` between document and first question, `ask`
    after every question, `turn` between an answer and the next question. An answer ends at one
    of `stop_ids` or `stop_strings`. `key` names the layout: memories of another one are not used.
    """

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    ask: tuple[int, ...]
    turn: tuple[int, ...]
    stop_ids: tuple[int, ...]
    stop_strings: tuple[str, ...]
    key: str


def layout_of(tokenizer: Any, fence: tuple[str, str]) -> Layout:
    """The template cut into ids; the system message holds the document where there is one.

    `fence` stands around the document. Raises ModelError where it has no fixed place.
    """
    before, after = fence
    stops: tuple[str, ...] = ()
    if getattr(tokenizer, "chat_template", None):
        pieces = _cut(tokenizer, before, after)
    else:
        bos = tokenizer.bos_token or ""
        pieces = (bos + before, after + "\n\nQuestion: ", "\nAnswer:", "\n\nQuestion: ")
        stops = ("\nQuestion:",)
    opening, closing, ask, turn = (
        tuple(tokenizer(piece, add_special_tokens=False)["input_ids"]) if piece else ()
        for piece in pieces
    )
    facts = [TEMPLATE_VERSION, opening]  # all that a memory holds besides the document
    return Layout(
        opening=opening,
        closing=closing,
        ask=ask,
        turn=turn,
        stop_ids=_stop_ids(tokenizer, turn),
        stop_strings=stops,
        key=hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12],
    )


def _stop_ids(tokenizer: Any, turn: tuple[int, ...]) -> tuple[int, ...]:
    """The end-of-text id, and the control token the template puts after an answer."""
    ids = {tokenizer.eos_token_id} - {None}
    if turn and turn[0] in tokenizer.added_tokens_decoder:
        ids.add(turn[0])
    return tuple(sorted(ids))


def _cut(tokenizer: Any, before: str, after: str) -> tuple[str, str, str, str]:
    """(opening, closing, ask, turn) of the chat template, as text."""
    document = f"{before}{_DOCUMENT}{after}"
    as_system = [{"role": "system", "content": document}, {"role": "user", "content": _QUESTION}]
    # Without a system role (Mistral) the first user message begins with the document.
    folded = [{"role": "user", "content": f"{document}\n\n{_QUESTION}"}]
    for messages in (as_system, folded):
        pieces = _pieces(tokenizer, messages)
        if pieces is not None:
            return pieces
    raise ModelError(
        "This model's chat template gives the document no fixed place in front of the questions; "
        "use a model with another template, or remove the template from its tokenizer."
    )


def _pieces(tokenizer: Any, messages: list[dict[str, Any]]) -> tuple[str, str, str, str] | None:
    """The pieces of a one-question and a two-question conversation, when they agree."""
    later = [
        {"role": "assistant", "content": _ANSWER},
        {"role": "user", "content": _FOLLOWUP},
    ]
    one = split(render(tokenizer, messages), [_DOCUMENT, _QUESTION])
    two = split(render(tokenizer, messages + later), [_DOCUMENT, _QUESTION, _ANSWER, _FOLLOWUP])
    # A template that moves the document (into the last message, say) differs between the two:
    # its memory could not be kept in front of a growing conversation.
    if one is None or two is None or one[:2] != two[:2] or one[2] != two[4]:
        return None
    return one[0], one[1], one[2], two[3]


def render(
    tokenizer: Any, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None
) -> str:
    """The conversation as the template writes it; empty when the template refuses it."""
    try:
        return str(
            tokenizer.apply_chat_template(
                messages,
                tools=tools,
                chat_template=None if tokenizer.chat_template else _PLAIN_TEMPLATE,
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,
                # A template that writes today's date would make yesterday's memory unusable.
                date_string="26 Jul 2024",
            )
        )
    except Exception:  # a template is a program from the checkpoint: it may raise anything
        return ""


def split(text: str, marks: list[str]) -> list[str] | None:
    """The text between the marks, or None unless each stands in it once and in this order."""
    if any(text.count(mark) != 1 for mark in marks):
        return None
    places = [text.index(mark) for mark in marks]
    if places != sorted(places):
        return None
    pieces, start = [], 0
    for mark, place in zip(marks, places, strict=True):
        pieces.append(text[start:place])
        start = place + len(mark)
    return [*pieces, text[start:]]
