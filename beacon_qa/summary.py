"""A summary in one part or in one a chapter, told as it is iterated.

Knows answers and headings; knows nothing of books.
"""

from __future__ import annotations

from collections.abc import Iterator

from beacon_qa.answer import Answer


class Summary:
    """Iterate for Markdown text piece by piece, take `.text`, or go through `parts()`.

    It is told once: what was told is kept, so `.text` may be taken again. `note`, where there is
    one, says what kind of summary it is, and stands above it in italics.
    """

    def __init__(self, parts: Iterator[tuple[str, Answer]], note: str = "") -> None:
        self.note = note
        self._source = parts
        self._parts: list[tuple[str, Answer]] = []

    def parts(self) -> Iterator[tuple[str, Answer]]:
        """(chapter, answer) one after another; the chapter is empty for a whole text."""
        place = 0
        while True:
            if place == len(self._parts):
                part = next(self._source, None)
                if part is None:
                    return
                self._parts.append(part)
            yield self._parts[place]
            place += 1

    @property
    def opening(self) -> str:
        """The Markdown above all parts: the note's paragraph, "" where there is none."""
        return f"*{self.note}*\n\n" if self.note else ""

    def __iter__(self) -> Iterator[str]:
        if self.note:
            yield self.opening
        for number, (chapter, answer) in enumerate(self.parts()):
            if number:
                yield "\n\n"
            if chapter:
                yield f"## {chapter}\n\n"
            yield from answer

    @property
    def text(self) -> str:
        """The whole summary; waits for its end."""
        return "".join(self)
