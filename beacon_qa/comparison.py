"""One question answered from several books: the answers beside each other.

Knows books and answers; knows nothing of models or shelves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from beacon_qa.answer import Answer
from beacon_qa.book import Book


class Comparison:
    """Iterate for (book, answer) in the order given; each answer is told when it is iterated.

    Nothing is computed before that, and what was told is kept.
    """

    def __init__(self, question: str, answers: Sequence[tuple[Book, Answer]]) -> None:
        self.question = question
        self._answers = tuple(answers)

    def __iter__(self) -> Iterator[tuple[Book, Answer]]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __getitem__(self, place: int) -> tuple[Book, Answer]:
        return self._answers[place]

    def pieces(self) -> Iterator[str]:
        """The whole comparison as Markdown, piece by piece: a heading and an answer a book."""
        for number, (book, answer) in enumerate(self):
            yield ("\n\n" if number else "") + f"## {_heading(book)}\n\n"
            yield from answer

    @property
    def text(self) -> str:
        """The whole comparison as Markdown; waits for its end."""
        return "".join(self.pieces())

    @property
    def table(self) -> str:
        """The answers side by side as a Markdown table, a column a book; waits for their end."""
        rows = [
            ["", *(_heading(book) for book, _ in self)],
            ["---"] * (len(self) + 1),
            [self.question, *(answer.text for _, answer in self)],
            ["told from", *(str(answer.coverage) for _, answer in self)],
        ]
        return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)

    def cancel(self) -> None:
        """End all answers here; what has been told stays."""
        for _, answer in self:
            answer.cancel()


def _heading(book: Book) -> str:
    return f"{book.title}, as of {book.up_to}" if book.up_to else book.title


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
