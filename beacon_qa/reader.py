"""Reader: what users meet first. Reads a document into a Book, once.

Knows how a document, a model, a ratio and a shelf come together; the parts are rooms of their
own (engine, reading, book, shelf).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beacon_qa.beacon import Memory, Sampling
from beacon_qa.book import Book
from beacon_qa.comparison import Comparison
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.errors import BookNotFound, MemoryFileError
from beacon_qa.evidence.looking import LookBack, check_look_back
from beacon_qa.joining import joined
from beacon_qa.machine.costs import kept_keys
from beacon_qa.plaintext import EncodedText
from beacon_qa.ratios import Ratio, parsed, schedule_for, written
from beacon_qa.reading import Reading, ReadingProgress
from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord, MemoryKey
from beacon_qa.sources import document_in_file, located

Source = str | Path | Document


@dataclass(frozen=True)
class Reader:
    """Reads documents with one model and keeps them on one shelf.

    `ratio` "auto" takes whatever memory of a document there is, keeps a short one whole, and else
    takes the smallest ratio that fits the model's positions and `memory_budget` (bytes); a number
    or a schedule is taken as it is. A reading is saved early, and then about every `save_every`
    seconds. Make one with `Reader.load`.
    """

    engine: Engine
    shelf: Shelf
    ratio: Ratio = "auto"
    memory_budget: int | None = None
    save_every: float = 30.0

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        *,
        bits: int | None = None,
        device: str | None = None,
        ratio: Ratio = "auto",
        shelf: Shelf | Path | str | None = None,
        memory_budget: int | None = None,
        save_every: float = 30.0,
        look_back: LookBack = "auto",
    ) -> Reader:
        """Load a model (None: the built-in one) and open a shelf (None: the user's own).

        `look_back` is how answers look back at the text where a question does not say, see
        `Book.ask`. Raises ModelError or ConfigError for the model, ShelfError for the shelf.
        """
        check_look_back(look_back)
        kept = shelf if isinstance(shelf, Shelf) else Shelf(Path(shelf) if shelf else None)
        engine = Engine.load(model, bits=bits, device=device, look_back=look_back)
        return cls(engine, kept, ratio, memory_budget, save_every)

    def read(
        self,
        source: Source,
        *,
        on_progress: Callable[[ReadingProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        password: str | None = None,
    ) -> Book:
        """Read a file or a document to its end; one that was read before is only opened.

        `should_stop` is asked before each pass. The book returned then knows what was read
        (`coverage.complete` is false), and reading it again goes on from there.
        """
        job = self.reading(source, should_stop=should_stop, password=password)
        return _drive(job, on_progress)

    def reading(
        self,
        document: Source,
        *,
        source: str | None = None,
        should_stop: Callable[[], bool] | None = None,
        password: str | None = None,
    ) -> Generator[ReadingProgress, None, Book]:
        """Read as a generator: one progress a pass, the book at the end.

        `source` is the path a Document came from, by which it is found later. Closing the
        generator stops the reading; what was read up to the last checkpoint is kept.
        """
        if source is None and not isinstance(document, Document):
            source = str(located(document))
        parsed = self._document(document, password)
        known = self._known(parsed)
        if known is not None:
            return known
        return (yield from self._reading(parsed, source or "", (), should_stop))

    def shelve(self, document: Document, *, source: str = "") -> BookRecord:
        """The document's place on the shelf, made when there is none; nothing is read yet.

        Raises ModelError or ConfigError when the text does not fit the model, ShelfError when it
        does not fit the shelf.
        """
        self.shelf.keep_document(document)
        known = self._known(document)
        return self._plan(document, source, ())[0] if known is None else known.record

    def find(self, name: str) -> Book:
        """The book on the shelf with this id, path or title, as far as it was read.

        Raises BookNotFound when there is none, or when this model has not read it yet.
        """
        return self.open(self.shelf.find(name, model_key=self.engine.key))

    def compare(
        self,
        books: Sequence[Book | str],
        question: str,
        *,
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        look_back: LookBack | None = None,
    ) -> Comparison:
        """One question answered from each book's own memory; told as it is iterated.

        A book may be given by its id, path or title: raises BookNotFound as `find` does.
        """
        settings: dict[str, Any] = {"sampling": sampling, "stop": stop, "look_back": look_back}
        opened = [self.find(book) if isinstance(book, str) else book for book in books]
        asked = [(book, book.ask(question, **settings)) for book in opened]
        return Comparison(question, asked)

    def open(self, record: BookRecord) -> Book:
        """Open a book of the shelf; raises BookNotFound when there is no memory of it."""
        path = self.shelf.memory_path(record.id)
        if record.state != "ready":
            path = self.shelf.partial_path(record.id)
        if not path.exists() or record.model_key != self.engine.key:
            raise BookNotFound(
                f"{record.title} ({record.id}) is on the shelf, but {self.engine.name} has not "
                "read it yet; read it first."
            )
        return self._book(record, self.shelf.document(record.id), self.engine.open(path))

    def _book(self, record: BookRecord, document: Document, memory: Memory) -> Book:
        return Book(self.engine, record, document, memory, append=self._append)

    def _document(self, source: Source, password: str | None) -> Document:
        if isinstance(source, Document):
            self.shelf.keep_document(source)
            return source
        return document_in_file(self.shelf, Path(source), password)

    def _known(self, document: Document) -> Book | None:
        """The document as a book that is ready, made at the ratio that is asked for."""
        for record in self.shelf.books():
            same_text = record.content_hash == document.content_hash
            same_way = (record.model_key, record.template) == self._way()
            same_ratio = self.ratio == "auto" or record.ratio == written(self.ratio)
            if record.state == "ready" and same_text and same_way and same_ratio:
                try:
                    return self.open(record)
                except (MemoryFileError, BookNotFound):
                    # Damaged or gone: it is read again, into the same place.
                    self.shelf.update(record.id, state="waiting")
        return None

    def _way(self) -> tuple[str, str]:
        return self.engine.key, self.engine.prompts.layout.key

    def _reading(
        self,
        document: Document,
        source: str,
        seams: tuple[int, ...],
        should_stop: Callable[[], bool] | None,
        earlier: Book | None = None,
    ) -> Generator[ReadingProgress, None, Book]:
        record, encoded, ratio = self._plan(document, source, seams, earlier)

        def start() -> Memory:
            if earlier is not None:
                return self.engine.fork(earlier.memory, share=False)
            memory: Memory = self.engine.model.new_memory(ratio)
            return memory

        reading = Reading(
            self.engine,
            self.shelf,
            record,
            document,
            encoded,
            start,
            should_stop=should_stop,
            append=self._append,
            save_every=self.save_every,
        )
        return (yield from reading.run())

    def _plan(
        self, document: Document, source: str, seams: tuple[int, ...], earlier: Book | None = None
    ) -> tuple[BookRecord, EncodedText, tuple[int, ...]]:
        """A document's place on the shelf, its token ids, and the ratios it is to be read at."""
        encoded = self.engine.prompts.document(document.text, seams)
        total = len(self.engine.prompts.layout.opening) + len(encoded)
        wanted = self.ratio if earlier is None else parsed(earlier.record.ratio)
        ratio = schedule_for(self.engine.model, wanted, total, self.memory_budget)
        nbytes = kept_keys(total, ratio, self.engine.window) * self.engine.model.bytes_per_key
        self.shelf.room_for(nbytes)
        return self._shelved(document, ratio, source, seams, total), encoded, ratio

    def _shelved(
        self,
        document: Document,
        ratio: tuple[int, ...],
        source: str,
        seams: tuple[int, ...],
        total: int,
    ) -> BookRecord:
        """The document's place on the shelf, made when there is none."""
        model_key, template = self._way()
        return self.shelf.add(
            MemoryKey(document.content_hash, model_key, written(ratio), template),
            document,
            model_name=self.engine.name,
            source=source,
            seams=",".join(map(str, seams)),
            total_tokens=total,
            total_windows=-(-total // self.engine.window),
        )

    def _kept_whole(self, book: Book) -> bool:
        if self.ratio != "auto" or parsed(book.record.ratio) != (0,):
            return False
        tokens = book.record.total_tokens
        return schedule_for(self.engine.model, "auto", tokens, self.memory_budget) == (0,)

    def _append(
        self,
        book: Book,
        source: Source,
        *,
        on_progress: Callable[[ReadingProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        password: str | None = None,
    ) -> Book:
        document = joined(book.document, self._document(source, password))
        known = self._known(document)
        if known is not None:
            return known
        self.shelf.keep_document(document)
        seams = (*book.record.seam_offsets, len(book.document.text))
        # What was kept whole for being short is read anew: it may be so no longer.
        earlier = None if self._kept_whole(book) else book
        job = self._reading(document, book.record.source, seams, should_stop, earlier)
        return _drive(job, on_progress)


def _drive(
    job: Generator[ReadingProgress, None, Book],
    on_progress: Callable[[ReadingProgress], None] | None,
) -> Book:
    while True:
        try:
            progress = next(job)
        except StopIteration as end:
            book: Book = end.value
            return book
        if on_progress is not None:
            on_progress(progress)
