"""Books put on a shelf without reading them."""

from __future__ import annotations

from small_documents import make_document

from beacon_qa.shelf import Shelf
from beacon_qa.shelf.book_record import BookRecord, MemoryKey


def put(shelf: Shelf, title: str = "The Whale", model: str = "m1", ratio: str = "4") -> BookRecord:
    document = make_document(30, title)
    shelf.keep_document(document)
    key = MemoryKey(document.content_hash, model, ratio, "t1")
    return shelf.add(key, document, model_name=model, source=f"/books/{title}.txt")


def put_ready(shelf: Shelf, title: str = "The Whale") -> BookRecord:
    record = put(shelf, title)
    shelf.memory_path(record.id).write_bytes(b"memory of " + title.encode())
    return shelf.update(record.id, state="ready", nbytes=10, tokens=5, total_tokens=5)
