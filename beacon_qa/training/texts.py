"""The texts a model is taught with: reading them from files, and keeping held-out books out.

Knows the file formats of books, of reading exercises (passages with questions and answers) and
of plain text. Does not know tokens.

A folder of texts may hold, each also compressed as `.xz` or `.gz`:

    *.txt                 one document a file
    *.jsonl               told by the fields of its first line:
      text                a book or article: also title, author
      paragraphs          SQuAD: passages (context) with questions (qas)
      story, sections     FairytaleQA: sections with questions
      document, qas       SQuALITY: one story with questions, several long answers each
      turns               QMSum: a meeting with questions about it
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from beacon_qa.errors import TrainingError


@dataclass(frozen=True)
class Question:
    """A question, its answer, and the sections (first to last, inclusive) that hold the answer."""

    text: str
    answer: str
    first_section: int
    last_section: int


@dataclass(frozen=True)
class Text:
    """One document: its kind, title, author, sections in order, and questions about them."""

    kind: str
    title: str
    author: str
    sections: tuple[str, ...]
    questions: tuple[Question, ...] = ()


def read_folder(folder: Path) -> Iterator[Text]:
    """Yield every text of a folder, file by file in name order.

    Raises TrainingError if the folder holds no file of a known format, or a malformed one.
    """
    names = re.compile(r"\.(txt|jsonl)(\.xz|\.gz)?$")
    files = sorted(path for path in folder.rglob("*") if names.search(path.name))
    if not files:
        raise TrainingError(f"No .txt or .jsonl texts in {folder}; put the training texts there.")
    for path in files:
        yield from read_file(path)


def read_file(path: Path) -> Iterator[Text]:
    """Yield the texts of one file; raises TrainingError if it cannot be understood."""
    try:
        with _open(path) as stream:
            if ".txt" in path.suffixes:
                yield Text("book", path.name.split(".")[0], "", (stream.read().strip(),))
                return
            for line in stream:
                if line.strip():
                    yield _parse(json.loads(line), path)
    except (ValueError, KeyError, TypeError, OSError, lzma.LZMAError, EOFError) as error:
        raise TrainingError(
            f"{path} cannot be read as training text ({type(error).__name__}: {error}); "
            "see the formats in the documentation of training."
        ) from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _parse(record: dict[str, Any], path: Path) -> Text:
    if "paragraphs" in record:
        return _parse_passages(record)
    if "sections" in record:
        return _parse_sections(record)
    if "document" in record:
        return _parse_story(record)
    if "turns" in record:
        return _parse_meeting(record)
    kind = "manual" if str(record.get("id", "")).startswith("pep-") else "book"
    text = record["text"].strip()
    return Text(kind, record.get("title") or path.stem, record.get("author") or "", (text,))


def _parse_passages(record: dict[str, Any]) -> Text:
    questions = [
        Question(item["question"].strip(), item["answers"][0]["text"].strip(), place, place)
        for place, paragraph in enumerate(record["paragraphs"])
        for item in paragraph["qas"]
        if item["answers"]
    ]
    sections = tuple(paragraph["context"].strip() for paragraph in record["paragraphs"])
    return Text("article", record["title"].replace("_", " "), "", sections, tuple(questions))


def _parse_sections(record: dict[str, Any]) -> Text:
    sections = tuple(section.strip() for section in record["sections"])
    questions = [
        Question(item["question"].strip(), item["answers"][0].strip(), min(rows), max(rows))
        for item in record["qas"]
        # Section numbers count from one in these files.
        if (rows := [number - 1 for number in item["sections"]])
        and 0 <= min(rows) <= max(rows) < len(sections)
    ]
    return Text("tale", record["story"], "", sections, tuple(questions))


def _parse_story(record: dict[str, Any]) -> Text:
    questions = [
        Question(_request(item["question"], place), answer.strip(), 0, 0)
        for item in record["qas"]
        for place, answer in enumerate(item["responses"])
    ]
    text = _unwrap(re.sub(r"\[Transcriber.*?\]", "", record["document"], flags=re.DOTALL))
    return Text("story", str(record["id"]), "", (text,), tuple(questions))


def _request(question: str, place: int) -> str:
    """The question; every other time that it asks for the plot, the plain request to summarize."""
    plot = question.strip().lower() == "what is the plot of the story?"
    return "Summarize the text." if plot and place % 2 else question.strip()


def _parse_meeting(record: dict[str, Any]) -> Text:
    lines = [f"{turn['speaker']}: {_spoken(turn['content'])}" for turn in record["turns"]]
    items = [*record["general"], *record["specific"]]
    questions = [Question(i["query"].strip(), i["answer"].strip(), 0, 0) for i in items]
    return Text("meeting", str(record["meeting"]), "", ("\n".join(lines),), tuple(questions))


def _spoken(content: str) -> str:
    """A transcript's words without its marks ({pause}) and the spaces before punctuation."""
    words = " ".join(re.sub(r"\{\w+\}", "", content).split())
    return re.sub(r" (?=[.,?!;:'])", "", words)


def _unwrap(text: str) -> str:
    """Join the lines of each paragraph; paragraphs stay apart by an empty line."""
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if part)


def curl_quotes(text: str) -> str:
    """Turn straight quotation marks and apostrophes into curly ones, as typeset books have."""
    text = re.sub(r"(^|[\s(\[—-])\"", r"\1“", text)
    text = re.sub(r"(^|[\s(\[—“-])'", r"\1‘", text)
    return text.replace('"', "”").replace("'", "’")


class HeldOut:
    """Books never to be trained on, known by author and title and by their sentences.

    A text is refused if author and title agree, or if a hundredth of its sentences of forty
    letters or more stand in the held-out books: another edition has the same sentences.
    """

    def __init__(self, books: Sequence[Text] = ()) -> None:
        self._names = {_name(book) for book in books}
        self._prints = {mark for book in books for mark in _fingerprint(_whole(book))}

    def holds(self, text: Text) -> bool:
        """Tell whether the text is a held-out book, or has a good part of one in it."""
        if _name(text) in self._names:
            return True
        marks = _fingerprint(_whole(text))
        found = sum(mark in self._prints for mark in marks)
        return found >= 5 and found * 100 >= len(marks)


def _whole(text: Text) -> str:
    return "\n\n".join(text.sections)


def _name(text: Text) -> tuple[str, str]:
    """The author's family name and the title's letters before any subtitle."""
    title = re.split(r"[:;(]", text.title)[0]
    words = re.findall(r"\w+", text.author.lower())
    # "Eliot, George" and "George Eliot" are one author.
    family = words[0] if "," in text.author else (words[-1] if words else "")
    return family, re.sub(r"\W+|^(the|an|a)\s+", "", title.lower())


_ENDS = b".!?;:"
_LETTERS = bytes(
    byte if 97 <= byte <= 122 else (10 if byte in _ENDS else 32) for byte in range(256)
)


def _fingerprint(text: str) -> list[int]:
    """A checksum of every sentence of forty letters or more, blind to case and punctuation."""
    plain = text.encode("ascii", "ignore").lower().translate(_LETTERS)
    sentences = (b"".join(sentence.split()) for sentence in plain.split(b"\n"))
    return [zlib.crc32(sentence) for sentence in sentences if len(sentence) >= 40]
