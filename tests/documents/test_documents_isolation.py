from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from document_files import PROSE, add_page, pdf, read, word_file
from pypdf import PdfWriter

import beacon_qa
from beacon_qa.documents import Limits, open_bytes, open_document
from beacon_qa.documents.deadline import TooSlow, deadline
from beacon_qa.errors import (
    DamagedFile,
    DocumentError,
    EmptyDocument,
    LimitExceeded,
    PasswordNeeded,
)


def endless_pdf() -> bytes:
    """A small PDF with a page of so many operators that reading it takes very long."""
    writer = PdfWriter()
    add_page(writer, "(a) Tj 1 0 0 1 0 0 Tm " * 150_000)
    for _ in range(200):
        writer.add_page(writer.pages[0])
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_parsing_process_gives_what_parsing_here_gives(tmp_path: Path) -> None:
    for name, data in (("a.pdf", pdf([PROSE] * 3)), ("b.docx", word_file())):
        file = tmp_path / name
        file.write_bytes(data)
        assert open_document(file) == open_bytes(data, name=name) == read(data, name)


def test_a_password_reaches_the_parsing_process() -> None:
    data = pdf([PROSE], password="herring")
    assert "harbour" in open_bytes(data, name="locked.pdf", password="herring").text
    with pytest.raises(PasswordNeeded, match="give the right password"):
        open_bytes(data, name="locked.pdf", password="cod")


def test_refusals_arrive_as_they_were_said() -> None:
    with pytest.raises(EmptyDocument, match=r"“void\.txt” is empty"):
        open_bytes(b"", name="void.txt")
    with pytest.raises(DamagedFile, match="cannot be read as PDF"):
        open_bytes(b"%PDF-1.4 no more", name="stub.pdf")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="check the name"):
        open_document(tmp_path / "nothing.pdf")
    with pytest.raises(DocumentError, match="is a folder"):
        open_document(tmp_path)


def test_a_parse_without_end_is_stopped_by_processor_time() -> None:
    with pytest.raises(LimitExceeded, match="1 seconds of processor time"):
        open_bytes(endless_pdf(), name="endless.pdf", limits=Limits(cpu_seconds=1))


def test_a_parse_without_end_is_stopped_by_the_clock() -> None:
    with pytest.raises(LimitExceeded, match="not read within 1 seconds"):
        open_bytes(endless_pdf(), name="endless.pdf", limits=Limits(wall_seconds=1))


def parse_for_ever() -> None:
    """Do as careless parsers do: carry on whatever goes wrong."""
    while True:
        try:
            sum(range(1000))
        except Exception:
            continue


def test_a_deadline_gets_through_a_parser_that_catches_every_error() -> None:
    with pytest.raises(TooSlow), deadline(0.05):
        parse_for_ever()


def test_a_file_that_needs_too_much_memory_is_refused() -> None:
    data = b"a word and " * 500_000
    with pytest.raises(LimitExceeded, match="MiB of memory"):
        open_bytes(data, name="fat.txt", limits=Limits(memory=40 * 2**20))


@pytest.mark.parametrize("memory", [1, 2**20])
def test_a_parser_that_dies_is_one_sentence(memory: int) -> None:
    with pytest.raises(DocumentError, match=r"“book.pdf” .*\.$"):
        open_bytes(pdf([PROSE] * 3), name="book.pdf", limits=Limits(memory=memory))


def test_bytes_pages_and_characters_are_limited() -> None:
    data = pdf([PROSE] * 3)
    assert len(open_bytes(data, name="b.pdf", limits=Limits(pages=3)).pages) == 3
    with pytest.raises(LimitExceeded, match="3 pages and 2 are allowed"):
        open_bytes(data, name="b.pdf", limits=Limits(pages=2))
    with pytest.raises(LimitExceeded, match="500 characters"):
        open_bytes(data, name="b.pdf", limits=Limits(characters=500))
    with pytest.raises(LimitExceeded, match="100 bytes allowed"):
        open_bytes(data, name="b.pdf", limits=Limits(bytes=100))


def test_modules_lying_beside_the_user_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pypdf.py").write_text("raise SystemExit('ran a stranger')")
    monkeypatch.chdir(tmp_path)
    assert len(open_bytes(pdf([PROSE]), name="b.pdf").pages) == 1


def test_the_parsing_process_never_loads_torch() -> None:
    rooms = ["worker", "parse", "pdf", "epub", "docx", "html", "rtf", "text", "xmlbooks"]
    program = "".join(f"import beacon_qa.documents.{room}\n" for room in rooms)
    program += "import sys\nsys.exit('torch' in sys.modules)"
    root = Path(beacon_qa.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == 0
