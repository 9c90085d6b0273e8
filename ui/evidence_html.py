"""An answer's evidence as HTML: coverage, the strip, the pages it rests on, its quotes.

Knows markup and escaping: every text from a book, a model or a user passes through `escape`.
What can be opened is a button that carries its place in `data-start` and `data-end`, which
`evidence.js` hands to the panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from beacon_qa.quotes import Quote
from ui.evidence_facts import AnswerFacts, Stretch
from ui.leaves import place_name
from ui.strip import strip_html

_MOST_QUOTES = 40
_LONGEST_QUOTE = 160

NO_BOOK = (
    "Choose a book. Under each answer you will see here which pages it rests on, and whether "
    "what it quotes stands in the text."
)
NO_ANSWER = (
    "Ask a question, or click an answer. Here you will see which pages it rests on, and whether "
    "what it quotes stands in the text."
)
TELLING = "The answer is being told. Its quotes are checked when it ends."
NOTHING_KNOWN = "Which pages this answer rests on was not kept."
NO_QUOTES = "This answer has no quotations or numbers to look up in the text."


def empty_html(sentence: str = NO_BOOK) -> str:
    """The panel with nothing to show but a sentence."""
    return _panel(f'<p class="evidence-empty">{escape(sentence)}</p>')


def book_html(evidence: AnswerFacts) -> str:
    """The panel for a book before an answer is chosen."""
    first = _button(0, 0, "Open the first page", "turn")
    return _panel(f'<p class="evidence-empty">{NO_ANSWER}</p>{strip_html(evidence)}<p>{first}</p>')


def evidence_html(evidence: AnswerFacts) -> str:
    """The panel for one answer."""
    basis = f'<p class="evidence-note">{escape(_basis(evidence))}</p>'
    if evidence.state == "telling":
        parts = [basis if evidence.coverage else "", strip_html(evidence)]
        parts.append(f'<p class="evidence-empty">{TELLING}</p>')
        return _panel("".join(parts))
    parts = [basis, strip_html(evidence)]
    parts.append('<h3 id="rests-on">Pages it rests on</h3>')
    if evidence.passages:
        rows = "".join(_passage(evidence, passage) for passage in evidence.passages)
        parts.append(f'<ol class="passages" aria-labelledby="rests-on">{rows}</ol>')
    else:
        parts.append(f'<p class="evidence-empty">{NOTHING_KNOWN}</p>')
    parts.append('<h3 id="looked-up">Quotations and numbers</h3>')
    parts.append(_quotes(evidence.quotes))
    return _panel("".join(parts))


def _panel(body: str) -> str:
    return f'<section class="evidence" aria-label="Evidence"><h2>Evidence</h2>{body}</section>'


def _basis(evidence: AnswerFacts) -> str:
    told = evidence.coverage or "How much of the text it was told from was not kept"
    return f"{told[:1].upper()}{told[1:]}."


def _passage(evidence: AnswerFacts, passage: Stretch) -> str:
    place = escape(place_name(evidence.document, passage.start))
    reread = '<span class="reread">read again word for word</span>' if passage.reread else ""
    return (
        f'<li><button type="button" class="passage" {_at(passage.start, passage.end)}>'
        f'<span class="passage-head"><span class="passage-place">{place}</span>'
        f"{_share(passage.score)}</span>"
        f'<span class="snippet">{escape(passage.snippet)}</span>{reread}</button></li>'
    )


def _share(score: float) -> str:
    """How much of the attention a passage got; nothing where none was counted."""
    if not score:
        return ""
    percent = 100 * min(score, 1.0)
    share = f"{percent:.0f}%" if percent >= 0.5 else "<1%"
    return (
        f'<span class="share" style="--share:{percent:.1f}%">{escape(share)}'
        '<span class="only-heard"> of the attention</span></span>'
    )


def _quotes(quotes: Sequence[Quote]) -> str:
    once = list({(quote.text, quote.mark): quote for quote in quotes}.values())
    if not once:
        return f'<p class="evidence-empty">{NO_QUOTES}</p>'
    found = sum(quote.found for quote in once)
    rows = "".join(map(_quote, once[:_MOST_QUOTES]))
    more = len(once) - _MOST_QUOTES
    rest = f'<p class="evidence-note">and {more} more</p>' if more > 0 else ""
    return (
        f'<p class="evidence-note">{found} of {len(once)} stand in the text.</p>'
        f'<ul class="quotes" aria-labelledby="looked-up">{rows}</ul>{rest}'
    )


def _quote(quote: Quote) -> str:
    words = " ".join(quote.text.split())
    if len(words) > _LONGEST_QUOTE:
        words = f"{words[:_LONGEST_QUOTE].rsplit(' ', 1)[0]} …"
    tag = "q" if quote.kind == "quotation" else "span"
    text = f'<{tag} class="quoted-words">{escape(words)}</{tag}>'
    if quote.found:
        mark = _button(quote.source_start, quote.source_end, quote.mark, "verbatim")
    else:
        mark = f'<span class="missing">{escape(quote.mark)}</span>'
    return f"<li>{text} {mark}</li>"


def _button(start: int, end: int, text: str, css: str) -> str:
    return f'<button type="button" class="{css}" {_at(start, end)}>{escape(text)}</button>'


def _at(start: int, end: int) -> str:
    return f'data-start="{start}" data-end="{end}"'
