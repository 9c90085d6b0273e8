"""What the command line tells of looking back and of what an answer rests on."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shell import Shell

from beacon_qa.beacon import Sampling
from beacon_qa.cli import main
from beacon_qa.commands.telling import tell, tell_evidence
from beacon_qa.commands.terminal import Terminal
from beacon_qa.documents import Document
from beacon_qa.evidence import Passage
from beacon_qa.evidence.looking import Round
from beacon_qa.overview import overview
from beacon_qa.reader import Reader


def test_looking_back_is_told_to_scripts_with_its_passages(shell: Shell, text_file: Path) -> None:
    def ask(way: str) -> dict[str, Any]:
        words = ["--json", "--max-tokens", "5", "--ratio", "4", "--look-back", way]
        code, out, _ = shell("ask", str(text_file), "Who?", *words)
        assert code == 0
        told: dict[str, Any] = json.loads(out)
        return told

    on, off = ask("on"), ask("off")
    assert off["read_again"] == []
    assert on["read_again"]
    text = text_file.read_text()
    for passage in (*on["read_again"], *on["evidence"], *off["evidence"]):
        assert set(passage) == {"start", "end", "page", "chapter", "score"}
        assert 0 <= passage["start"] < passage["end"] <= len(text)
    assert on["usage"]["input_tokens"] > off["usage"]["input_tokens"]
    code, _, err = shell("ask", str(text_file), "Who?", "--json")
    assert (code, err) == (0, "")
    with pytest.raises(SystemExit) as end:
        main(["ask", str(text_file), "Who?", "--look-back", "maybe"])
    assert end.value.code == 2


class Screen(io.StringIO):
    """A terminal that a person sees."""

    def isatty(self) -> bool:
        return True


def test_what_an_answer_rests_on_is_noted_below_it(reader: Reader, document: Document) -> None:
    book = replace(reader, ratio=4).read(document)
    out, err = Screen(), Screen()
    answer = book.ask("Who?", sampling=Sampling(max_new_tokens=5), look_back="on")
    text = tell(answer, Terminal(out, err))
    tell_evidence(answer, document.text, Terminal(out, err))
    assert out.getvalue() == text + "\n"
    lines = err.getvalue().splitlines()
    assert lines[0] == "Rests on (* read again word for word):"
    best = answer.evidence[0]
    assert lines[1].lstrip().startswith(f"{100 * best.score:.0f}% ")
    assert f"p. {best.page}, {best.chapter}: " in lines[1]
    marked = [line for line in lines if line[7] == "*" and ": " in line]
    # What was read again stands there by the evidence in it, or else with its own beginning.
    for passage in answer.read_again:
        met = [p for p in answer.evidence if p.start < passage.end and passage.start < p.end]
        for one in met or [passage]:
            words = " ".join(document.text[one.start : one.end].split())
            assert any(words[:15] in line for line in marked)
    assert max(map(len, lines)) < 120


def test_sentences_that_were_told_are_not_noted_again(reader: Reader, document: Document) -> None:
    answer = overview(reader.read(document), "Summarize it.", Sampling(max_new_tokens=200))
    assert answer is not None
    assert answer.evidence
    err = Screen()
    tell_evidence(answer, document.text, Terminal(Screen(), err))
    assert err.getvalue() == ""


def test_a_question_for_all_says_how_many_rounds_it_took() -> None:
    one, two, three = (Passage(place, place + 4, "", "", 0.5) for place in (0, 5, 9))
    told = SimpleNamespace(
        evidence=(one, two), read_again=(one, three), rounds=(Round((one,)), Round((three,)))
    )
    err = Screen()
    tell_evidence(told, "Call me\nIshmael.", Terminal(Screen(), err))  # type: ignore[arg-type]
    assert err.getvalue().splitlines() == [
        "Rests on (* read again word for word):",
        "   50% * Call",
        "   50%   me I",
        "Also read again, in 2 rounds:",
        "       * shma",
    ]
