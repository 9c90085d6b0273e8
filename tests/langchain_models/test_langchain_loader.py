"""LangChain's loader: a book as documents of a page or a chapter each."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_samples import write_samples

from beacon_qa import open_document
from beacon_qa.langchain import BeaconBookLoader


@pytest.fixture(scope="module")
def doc_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_samples(folder)
    return folder


def test_documents_a_page_and_a_chapter(doc_files: Path) -> None:
    pages = BeaconBookLoader(doc_files / "report.pdf").load()
    assert [page.metadata["page"] for page in pages][:2] == ["i", "1"]
    assert all(page.metadata["title"] == "Report" for page in pages)
    chapters = list(BeaconBookLoader(doc_files / "moby-dick.epub", by="chapter").lazy_load())
    titles = [one.metadata["chapter"] for one in chapters if one.metadata["chapter"]]
    assert titles[:2] == ["Loomings", "The Carpet-Bag"]
    assert "told in chapter 1" in chapters[titles.index("Loomings")].page_content


def test_the_loader_loses_no_text(doc_files: Path) -> None:
    for name in ("moby-dick.epub", "notes.txt"):
        whole = open_document(doc_files / name).text
        for by in ("page", "chapter"):
            parts = BeaconBookLoader(doc_files / name, by=by).load()  # type: ignore[arg-type]
            told = "".join(part.page_content for part in parts)
            assert "".join(told.split()) == "".join(whole.split())


async def test_documents_are_loaded_asynchronously(doc_files: Path) -> None:
    loader = BeaconBookLoader(doc_files / "notes.txt")
    assert await loader.aload() == loader.load()
    with pytest.raises(ValueError, match="by is 'word'"):
        BeaconBookLoader("x", by="word")  # type: ignore[arg-type]
