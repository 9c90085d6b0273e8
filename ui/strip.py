"""The strip: a whole book from left to right, and where an answer's attention fell in it.

Knows how to draw it as SVG inside of HTML. It is a slider for the keyboard: `evidence.js` moves
along the stops that are written into it, and opens the one that is chosen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape

from ui.evidence_facts import AnswerFacts, Stretch
from ui.leaves import place_name

_WIDE, _HIGH = 1000.0, 44.0
_COLUMNS = 160
_STOPS = 100


def strip_html(evidence: AnswerFacts) -> str:
    """The strip of one answer."""
    length = max(len(evidence.document.text), 1)
    stops = _stops(evidence)
    drawn = (
        _bars(evidence.attention, length) + _ticks(evidence, length) + _borders(evidence, length)
    )
    if evidence.limit < length:
        left = _WIDE * evidence.limit / length
        drawn += (
            f'<rect class="beyond" x="{left:.1f}" y="0" width="{_WIDE - left:.1f}" '
            f'height="{_HIGH}"/>{_line("as-of", left, 0, _HIGH)}'
        )
    first = escape(stops[0][1]) if stops else ""
    return (
        f'<div class="strip" role="slider" tabindex="0" aria-label="{escape(_said(evidence))}" '
        f'aria-valuemin="0" aria-valuemax="{max(len(stops) - 1, 0)}" aria-valuenow="0" '
        f'aria-valuetext="{first}" data-length="{length}" data-limit="{evidence.limit}" '
        f'data-stops="{escape(json.dumps(stops))}">'
        f'<svg viewBox="0 0 {_WIDE:.0f} {_HIGH:.0f}" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false">{drawn}</svg>'
        '<span class="strip-cursor" hidden></span></div>'
        f'<p class="strip-ends" aria-hidden="true">{_ends(evidence)}</p>'
    )


def _bars(attention: Sequence[Stretch], length: int) -> str:
    """One bar a column, as high as the share of the attention that fell into it."""
    columns = _columns(attention, length)
    highest, width = max(columns), _WIDE / _COLUMNS
    bars = []
    for column, share in enumerate(columns):
        high = (_HIGH - 8) * share / highest if highest > 0 else 0
        if high >= 0.5:
            bars.append(
                f'<rect class="fell" x="{column * width:.1f}" y="{_HIGH - 6 - high:.1f}" '
                f'width="{width:.2f}" height="{high:.1f}"/>'
            )
    return "".join(bars)


def _columns(attention: Sequence[Stretch], length: int) -> list[float]:
    """The shares of the windows, spread over the columns that each of them covers."""
    columns = [0.0] * _COLUMNS
    for stretch in attention:
        left, right = (_COLUMNS * place / length for place in (stretch.start, stretch.end))
        for column in range(int(left), min(math.ceil(right), _COLUMNS)):
            covered = min(right, column + 1) - max(left, column)
            columns[column] += stretch.score * covered / (right - left)
    return columns


def _ticks(evidence: AnswerFacts, length: int) -> str:
    """Below the bars, where quotes of the answer stand."""
    places = sorted({round(_WIDE * q.source_start / length) for q in evidence.quotes if q.found})
    return "".join(_line("quoted", place, _HIGH - 5, _HIGH) for place in places)


def _borders(evidence: AnswerFacts, length: int) -> str:
    """Where chapters begin, unless there are so many that they would cover all."""
    starts = [chapter.start for chapter in evidence.document.chapters if chapter.start]
    if len(starts) > 150:
        return ""
    return "".join(_line("border", _WIDE * start / length, 0, _HIGH) for start in starts)


def _line(name: str, x: float, top: float, bottom: float) -> str:
    return (
        f'<line class="{name}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.0f}" y2="{bottom:.0f}" '
        'vector-effect="non-scaling-stroke"/>'
    )


def _stops(evidence: AnswerFacts) -> list[tuple[int, str]]:
    """Places along the strip that can be opened, with their names."""
    limit = evidence.limit
    count = min(_STOPS, limit)
    places = [limit * step // count for step in range(count)]
    return [(place, place_name(evidence.document, place)) for place in places]


def _said(evidence: AnswerFacts) -> str:
    """The strip in words."""
    said = "The whole book. "
    if evidence.passages:
        names = [place_name(evidence.document, passage.start) for passage in evidence.passages[:3]]
        said += f"Attention fell most on {'; '.join(names)}. "
    if evidence.limit_name:
        said += f"Nothing past {evidence.limit_name} is shown. "
    return f"{said}Arrow keys move along it, Enter opens a place."


def _ends(evidence: AnswerFacts) -> str:
    pages = evidence.document.pages
    first, last = (
        (f"p. {page.label}" for page in (pages[0], pages[-1])) if pages else ("start", "end")
    )
    middle = f"up to {evidence.limit_name}" if evidence.limit_name else ""
    return "".join(f"<span>{escape(part)}</span>" for part in (first, middle, last))
