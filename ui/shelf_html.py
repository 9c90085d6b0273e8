"""The shelf as HTML: cards in a list, and what is left of the quota.

Knows markup and escaping; every text from a file or a user passes through `escape`. Buttons carry
what they do in `data-do`, which `shelf.js` hands to the panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ui.amounts import count, size
from ui.cards import Card

_BUTTONS = {
    "cancel": ("Cancel", "Stop reading; what was read is kept"),
    "retry": ("Try again", "Open the file again"),
    "resume": ("Read on", "Go on reading where it stopped"),
    "read": ("Read it", "Read it with this model"),
    "password": ("Enter password", "Open the file with a password"),
    "dismiss": ("Dismiss", "Take this file off the list"),
    "delete": ("Delete", "Delete the book, its memory and its conversations"),
}
"""What each action is called, and what it does in a few words."""

_EMPTY = """\
<div class="shelf-empty">
  <p class="shelf-empty-title">Your shelf is empty</p>
  <p>Drop a PDF, EPUB, Word, HTML, Markdown or text file above. It is read once, from the first
  page to the last, and stays here: ask it anything, even while it is still being read.</p>
</div>"""


def shelf_html(cards: Sequence[Card], chosen: str, used: int, quota: int | None) -> str:
    """The whole list; `chosen` is the id of the book on show, `used` of `quota` bytes are full."""
    body = "".join(_card(card, card.key == chosen) for card in cards)
    books = f'<ul class="books" aria-label="Books">{body}</ul>' if cards else _EMPTY
    return f'<div class="shelf-list">{books}{_status(cards)}{_room(len(cards), used, quota)}</div>'


def _card(card: Card, chosen: bool) -> str:
    title = escape(card.title)
    if card.openable:
        current = ' aria-current="true"' if chosen else ""
        title = _button("open", card.key, title, "book-title", current)
    else:
        title = f'<span class="book-title">{title}</span>'
    notes = "".join(f'<p class="book-note">{escape(note)}</p>' for note in card.notes if note)
    facts = f" · {escape(card.facts)}" if card.facts else ""
    state = f'<span class="book-state">{escape(card.label)}</span>'
    chosen_class = " chosen" if chosen else ""
    return (
        f'<li class="book {card.state}{chosen_class}">'
        f'{title}<p class="book-facts">{state}{facts}</p>'
        f"{_bar(card)}{notes}{_actions(card)}</li>"
    )


def _bar(card: Card) -> str:
    """The progress bar; one without a value moves by itself."""
    if card.state == "opening":
        return '<div class="bar moving" role="progressbar" aria-label="Opening the file"></div>'
    if card.share is None or (card.state == "waiting" and not card.share):
        return ""
    percent = f"{100 * card.share:.1f}"
    return (
        f'<div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}" aria-label="Read of {escape(card.title)}">'
        f'<div class="bar-done" style="width:{percent}%"></div></div>'
    )


def _actions(card: Card) -> str:
    buttons = []
    for action in card.actions:
        word, meaning = _BUTTONS[action]
        # Books are deleted by their id; files that are no books are known by their job alone.
        key = card.job_id if action in ("cancel", "retry", "password", "dismiss") else card.key
        label = f' aria-label="{escape(f"{word}: {card.title}")}" title="{meaning}"'
        buttons.append(_button(action, key, word, f"act {action}", label, card.title))
    return f'<div class="book-actions">{"".join(buttons)}</div>' if buttons else ""


def _button(do: str, key: str, text: str, css: str, more: str, title: str = "") -> str:
    return (
        f'<button type="button" class="{css}" data-do="{do}" data-key="{escape(key)}" '
        f'data-title="{escape(title)}"{more}>{text}</button>'
    )


def _status(cards: Sequence[Card]) -> str:
    """What changed, for screen readers: states, without the numbers that move all the time."""
    said = "; ".join(f"{card.title}: {card.label}" for card in cards if card.state != "ready")
    return f'<p class="only-heard" role="status">{escape(said)}</p>'


def _room(number: int, used: int, quota: int | None) -> str:
    if quota is None:
        return (
            f'<p class="shelf-room">{count(number, "entry", "entries")}, {size(used)} on disk</p>'
        )
    share = min(used / quota, 1.0) if quota else 1.0
    full = " full" if share > 0.9 else ""
    hint = " Delete a book to make room." if full else ""
    return (
        f'<p class="shelf-room{full}">{size(used)} of {size(quota)} used.{hint}</p>'
        f'<div class="bar room{full}" role="meter" aria-label="Room on the shelf" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
        f'<div class="bar-done" style="width:{100 * share:.0f}%"></div></div>'
    )
