"""Texts are read, held out, packed and opened again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packs import novel
from tokenizers import Tokenizer

from beacon_qa.errors import TrainingError
from beacon_qa.training.packing import open_packed, pack_texts
from beacon_qa.training.texts import HeldOut, Text, curl_quotes, read_folder
from beacon_qa.training.vocabulary import (
    encode_texts,
    load_vocabulary,
    save_vocabulary,
    train_vocabulary,
)


def test_a_folder_of_texts_is_packed_and_read_back(tmp_path: Path, tokenizer: Tokenizer) -> None:
    (tmp_path / "one.txt").write_text("A first text.", "utf-8")
    (tmp_path / "two.jsonl").write_text(
        json.dumps({"title": "T", "author": "A", "text": "A second text."}) + "\n", "utf-8"
    )
    counted = pack_texts(read_folder(tmp_path), tokenizer, tmp_path / "packed", curled=0.0)
    book = open_packed(tmp_path / "packed", tokenizer)["book"]
    assert counted == {"book": len(book.tokens)}
    found = [tokenizer.decode(book.document(row).tolist()).strip() for row in range(2)]
    assert found == ["A first text.", "A second text."]


def test_a_long_text_is_packed_as_if_encoded_in_one(tmp_path: Path, tokenizer: Tokenizer) -> None:
    text = novel(5, 2000)
    pack_texts([Text("book", "Long", "", (text,))], tokenizer, tmp_path, curled=0.0)
    ids = open_packed(tmp_path, tokenizer)["book"].document(0).tolist()
    assert len(text) > 100_000
    assert ids == encode_texts(tokenizer, [text + "\n\n"])[0]


def test_held_out_books_are_not_packed(tmp_path: Path, tokenizer: Tokenizer) -> None:
    held = Text("book", "The Hidden Lamp: A Tale", "Brand, Ada (1850-1910)", (novel(1),))
    other_title = Text("book", "Collected Works", "Nobody", (novel(2) + "\n\n" + novel(1),))
    other_edition = Text("book", "Lamp", "", (re.sub(r"\s+", "\n", novel(1)).upper(),))
    same_name = Text("book", "Hidden Lamp", "Ada Brand", ("A short notice.",))
    kept = Text("book", "The Lamp", "Ada Brand", (novel(2),))
    pack_texts(
        [other_title, other_edition, same_name, kept, held],
        tokenizer,
        tmp_path,
        held_out=HeldOut([held]),
    )
    index = json.loads((tmp_path / "index.json").read_text("utf-8"))
    assert index["kinds"]["book"]["titles"] == ["The Lamp"]


def test_nothing_left_to_train_on_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    book = Text("book", "One", "A", (novel(1),))
    with pytest.raises(TrainingError, match="held out"):
        pack_texts([book], tokenizer, tmp_path, held_out=HeldOut([book]))


def test_texts_packed_with_another_vocabulary_are_refused(
    packed_folder: Path, tmp_path: Path
) -> None:
    save_vocabulary(train_vocabulary([novel(4)], size=400), tmp_path)
    with pytest.raises(TrainingError, match="another vocabulary"):
        open_packed(packed_folder, load_vocabulary(tmp_path))


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"title": "no text"}\n', "utf-8")
    with pytest.raises(TrainingError, match=r"bad\.jsonl"):
        list(read_folder(tmp_path))


def test_quotation_marks_are_curled() -> None:
    assert curl_quotes("\"Don't,\" he said, \"the 'old' dog's.\"") == (
        "“Don’t,” he said, “the ‘old’ dog’s.”"
    )
