"""One leaf of a book to look at: the picture of a PDF's page, or its text, with a passage marked.

Knows markup, escaping, and how pictures are sent: as data inside of the page, never as a file of
the store. Nothing past `limit` is shown, the place that the reader chose to know.
"""

from __future__ import annotations

import base64
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from threading import Lock

from beacon_qa.documents import Document, Span
from beacon_qa.documents.pictures import Picture, can_draw, page_picture
from beacon_qa.errors import BeaconError
from ui.leaves import leaf_at, leaves

_LOG = logging.getLogger(__name__)

_KEPT_PICTURES = 12
"""Pictures that are kept to be shown again without drawing, for all browsers together."""


@dataclass(frozen=True)
class View:
    """One of the leaves of a text, and the characters [start, end) to be marked on it."""

    document: Document = field(repr=False)
    turned: Sequence[Span] = field(repr=False)
    limit: int
    leaf: int
    start: int
    end: int
    as_text: bool = False

    @classmethod
    def at(
        cls,
        document: Document,
        limit: int,
        start: int,
        end: int,
        leaf: int | None = None,
        as_text: bool = False,
    ) -> View:
        """The leaf with the place, or another leaf; never one that begins past the limit."""
        turned = leaves(document)
        last = leaf_at(turned, max(limit - 1, 0))
        wanted = leaf_at(turned, start) if leaf is None else leaf
        return cls(document, turned, limit, min(max(wanted, 0), last), start, end, as_text)

    @property
    def span(self) -> Span:
        """The characters of the leaf that may be shown."""
        leaf = self.turned[self.leaf]
        return Span(leaf.start, max(min(leaf.end, self.limit), leaf.start), leaf.label)

    @property
    def marked(self) -> tuple[int, int]:
        """The characters to be marked on this leaf; equal numbers for none."""
        start, end = max(self.start, self.span.start), min(self.end, self.span.end)
        return (start, end) if start < end else (self.span.start, self.span.start)


class Pictures:
    """Draws pages, and keeps the last few."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int, int], Picture] = OrderedDict()
        self._guard = Lock()

    def of(self, view: View, original: Path | None) -> Picture | None:
        """The picture of a PDF's page, None where its text has to do."""
        cut_short = view.span.end < view.turned[view.leaf].end
        if original is None or not view.document.pages or cut_short or not can_draw():
            return None
        key = (str(original), view.leaf, *view.marked)
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        start, end = view.marked
        text = view.document.text
        try:
            picture = page_picture(
                original,
                view.leaf + 1,
                passage=text[start:end],
                before=text[view.span.start : start],
            )
        except BeaconError as error:
            _LOG.info("page %d is shown as text: %s", view.leaf + 1, error)
            return None
        with self._guard:
            self._kept[key] = picture
            while len(self._kept) > _KEPT_PICTURES:
                self._kept.popitem(last=False)
        return picture


def page_html(view: View, picture: Picture | None) -> str:
    """The leaf with its buttons; `picture` is shown unless the text is asked for."""
    drawn = picture is not None and not view.as_text
    shown = _picture(view, picture) if picture is not None and drawn else _text(view)
    top = picture.boxes[0][1] / picture.height if picture and picture.boxes and drawn else 0
    return (
        f'<dialog class="page-view" open aria-label="{escape(_name(view))}">'
        f'<header class="page-head"><h3 class="page-title" tabindex="-1">{escape(_name(view))}</h3>'
        f'<p class="page-chapter">{escape(_chapter(view))}</p>'
        f'<div class="page-acts">{_acts(view, picture is not None)}</div></header>'
        f"{_notes(view, picture if drawn else None)}"
        f'<div class="page-scroll" role="region" tabindex="0" aria-label="{escape(_name(view))}" '
        f'data-top="{top:.4f}">{shown}</div></dialog>'
    )


def _name(view: View) -> str:
    count = len(view.turned)
    if view.document.pages:
        return f"Page {view.span.label} ({view.leaf + 1} of {count})"
    return f"Part {view.leaf + 1} of {count}"


def _chapter(view: View) -> str:
    at = max(view.marked[0], view.span.start)
    chapter = view.document.chapter_at(at)
    return f"{view.document.title}: {chapter.label}" if chapter else view.document.title


def _acts(view: View, has_picture: bool) -> str:
    last = leaf_at(view.turned, max(view.limit - 1, 0))
    what = "page" if view.document.pages else "part"
    acts = [
        _turn(view, view.leaf - 1, "‹", f"Previous {what}", view.leaf == 0),
        _turn(view, view.leaf + 1, "›", f"Next {what}", view.leaf >= last),
    ]
    if has_picture:
        other, word = ("picture", "Picture") if view.as_text else ("text", "Text")
        acts.append(_button(view, view.leaf, word, f"Show the page as {other}", other))
    acts.append('<button type="button" data-large aria-pressed="false">Enlarge</button>')
    acts.append('<button type="button" data-close aria-label="Close the page">Close</button>')
    return "".join(acts)


def _turn(view: View, leaf: int, sign: str, label: str, disabled: bool) -> str:
    kind = "text" if view.as_text else "picture"
    return _button(view, leaf, sign, label, kind, " disabled" if disabled else "")


def _button(view: View, leaf: int, text: str, label: str, kind: str, more: str = "") -> str:
    return (
        f'<button type="button" data-leaf="{leaf}" data-start="{view.start}" '
        f'data-end="{view.end}" data-as="{kind}" aria-label="{label}" title="{label}"{more}>'
        f"{text}</button>"
    )


def _notes(view: View, picture: Picture | None) -> str:
    notes = []
    start, end = view.marked
    if picture is not None and end > start and not picture.boxes:
        notes.append("The words could not be found in the picture; they are marked in the text.")
    if view.span.end < view.turned[view.leaf].end:
        notes.append("The rest of it is past the place that the answer was given as of.")
    return "".join(f'<p class="page-note">{note}</p>' for note in notes)


def _text(view: View) -> str:
    span, (start, end) = view.span, view.marked
    text = view.document.text
    before, after = text[span.start : start], text[end : span.end]
    mark = f"<mark>{escape(text[start:end])}</mark>" if end > start else ""
    body = f"{escape(before)}{mark}{escape(after)}"
    empty = '<p class="page-note">There is no text here.</p>'
    return f'<div class="page-text" dir="auto">{body}</div>' if body.strip() else empty


def _picture(view: View, picture: Picture) -> str:
    start, end = view.marked
    words = " ".join(view.document.text[start : min(end, start + 200)].split())
    said = f" Marked: {words}" if words else ""
    data = base64.b64encode(picture.png).decode()
    return (
        f'<img class="page-picture" src="data:image/png;base64,{data}" width="{picture.width}" '
        f'height="{picture.height}" alt="{escape(f"Picture of {_name(view)}.{said}")}">'
    )
