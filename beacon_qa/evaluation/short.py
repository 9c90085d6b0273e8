"""What the plug-in leaves as it was: short texts, read with and without beacons attached.

    without         the checkpoint's stock model, which knows no beacons
    attached        the model with beacons, run without a memory: bit for bit the same
    memory          the same text read into a memory, whose open window has beacons in it

Knows how both are asked and how it is told; knows nothing of long texts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from beacon_qa.beacon.stock import load_stock
from beacon_qa.engine import Engine
from beacon_qa.evaluation.asking import ANSWER_TOKENS, ask_each
from beacon_qa.evaluation.hiding import planted
from beacon_qa.evaluation.intervals import mean_of, share_of
from beacon_qa.evaluation.marking import named
from beacon_qa.evaluation.outcome import Outcome, Wanted
from beacon_qa.evaluation.prose import draw_stretch
from beacon_qa.evaluation.scoring import loss_of
from beacon_qa.evaluation.tables import figures, percent, table, written

NAME = "short"
_LONGEST = 1024
"""The most tokens of a text whose logits are compared: all of them stand in memory at once."""


@dataclass(frozen=True)
class Told:
    """Losses and answers by way, and whether logits and answers were the same bits and words."""

    losses: dict[str, list[float]]
    right: dict[str, list[bool]]
    equal_logits: list[bool]
    equal_answers: list[bool]


def measure(wanted: Wanted) -> Outcome:
    """Compare with and without beacons; ModelError when the stock model cannot be loaded."""
    stock = load_stock(wanted.engine.model)
    count = wanted.count(48, 4)
    return told(compare(wanted, stock, count), wanted.engine)


def compare(wanted: Wanted, stock: Any, count: int) -> Told:
    """`count` texts and as many facts, each read in every way."""
    engine, found = wanted.engine, Told({}, {}, [], [])
    tokens = min(_LONGEST, engine.window) * 3 // 4
    for number in range(count):
        rng = random.Random(f"{wanted.seed}/{number}")
        text, end = draw_stretch(wanted.prose, tokens, rng)
        _add_losses(found, engine, stock, list(text.ids[end - tokens : end]), wanted.some_ratios)
        wanted.done(NAME)
    prompts = [_fact(wanted, number) for number in range(count)]
    _add_answers(found, engine, stock, prompts, wanted.some_ratios)
    return found


def _add_losses(
    found: Told, engine: Engine, stock: Any, ids: list[int], ratios: Sequence[int]
) -> None:
    inputs = torch.tensor([ids], device=engine.model.lm_head.weight.device)
    with torch.no_grad():
        plain, attached = (model(input_ids=inputs).logits for model in (stock, engine.model))
    found.equal_logits.append(torch.equal(plain, attached))
    for way, logits in (("without", plain), ("attached", attached)):
        loss = torch.nn.functional.cross_entropy(logits[0, :-1].float(), inputs[0, 1:])
        found.losses.setdefault(way, []).append(float(loss))
    for ratio in ratios:
        loss_in_memory = loss_of(engine.model, ids, engine.model.new_memory(ratio), len(ids) - 1)
        found.losses.setdefault(f"memory, ratio {ratio}", []).append(loss_in_memory)


def _fact(wanted: Wanted, number: int) -> tuple[list[int], str]:
    """A prompt of less than a window with a fact in its text, and the value asked for."""
    prompts = wanted.engine.prompts
    rng = random.Random(f"{wanted.seed}/fact/{number}")
    tokens = min(_LONGEST, wanted.engine.window) // 3
    place = planted(wanted.documents, prompts, tokens, 1, rng, wordings=wanted.wordings)
    [hidden] = place.hidden
    text = prompts.document(place.document.text).ids
    ids = [*prompts.layout.opening, *text, *prompts.question(hidden.question)]
    return ids, hidden.answers[0]


def _add_answers(
    found: Told,
    engine: Engine,
    stock: Any,
    prompts: Sequence[tuple[list[int], str]],
    ratios: Sequence[int],
) -> None:
    told = {
        "without": [_generated(engine, stock, ids) for ids, _ in prompts],
        "attached": [_generated(engine, engine.model, ids) for ids, _ in prompts],
    }
    pairs = zip(told["without"], told["attached"], strict=True)
    found.equal_answers.extend(one == other for one, other in pairs)
    for ratio in ratios:
        asked = [(engine.model.new_memory(ratio), ids) for ids, _ in prompts]
        told[f"memory, ratio {ratio}"] = ask_each(engine, asked)
    for way, answers in told.items():
        marks = zip(answers, prompts, strict=True)
        found.right[way] = [named(answer, value) for answer, (_, value) in marks]


def _generated(engine: Engine, model: Any, ids: list[int]) -> str:
    """The library's own greedy answer, without any memory."""
    inputs = torch.tensor([ids], device=engine.model.lm_head.weight.device)
    stops = engine.stop_ids
    out = model.generate(
        inputs,
        attention_mask=torch.ones_like(inputs),
        max_new_tokens=ANSWER_TOKENS,
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
        repetition_penalty=1.0,
        eos_token_id=list(stops) or None,
        pad_token_id=stops[0] if stops else 0,
    )
    return engine.prompts.text(out[0, len(ids) :].tolist()).strip()


def told(found: Told, engine: Engine) -> Outcome:
    """The table, and whether anything differs."""
    same, answers = share_of(found.equal_logits), share_of(found.equal_answers)
    rows = [
        [way, written(mean_of(losses)), percent(share_of(found.right[way]))]
        for way, losses in found.losses.items()
    ]
    text = "\n\n".join(
        (
            f"Logits equal bit for bit with beacons attached: {same.right} of {same.asked} texts; "
            f"the library's greedy answers equal: {answers.right} of {answers.asked}. Texts are "
            f"shorter than a window ({engine.window} tokens).",
            table(["beacons", "loss on short texts", "facts in the window named"], rows),
        )
    )
    cells = {
        way: {"loss": figures(mean_of(losses)), "right": figures(share_of(found.right[way]))}
        for way, losses in found.losses.items()
    }
    return Outcome(
        NAME,
        "Short texts: what the beacons leave as it was",
        text,
        {"equal logits": figures(same), "equal answers": figures(answers), "cells": cells},
        headlines=[
            f"Plain logits bit-equal with beacons attached: {same.right} of {same.asked} texts."
        ],
    )
