"""A question asked in a way of looking back, with a short answer."""

from __future__ import annotations

from beacon_qa.answer import Answer
from beacon_qa.beacon import Sampling
from beacon_qa.book import Book
from beacon_qa.evidence.looking import LookBack

QUESTION = "Who is the captain of the ship compass?"
FEW = Sampling(max_new_tokens=12)


def told(book: Book, look_back: LookBack, question: str = QUESTION) -> Answer:
    answer = book.ask(question, sampling=FEW, look_back=look_back)
    assert answer.text is not None
    return answer
