"""Several files and folders at once: the bad ones are told, and the others read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import Shell

from beacon_qa.shelf import Shelf


def test_a_bad_file_does_not_keep_the_others_from_being_read(
    shell: Shell, text_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (tmp_path / "empty.txt").write_bytes(b"")
    broken, empty = str(tmp_path / "broken.pdf"), str(tmp_path / "empty.txt")
    code, out, err = shell("read", broken, str(text_file), empty)
    assert code == 2
    assert "whale: " in out
    assert err.count("beacon-qa: ") == 2
    assert "broken.pdf" in err
    assert "empty.txt" in err


def test_a_folder_is_read_with_all_that_lies_in_it(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "books"
    (folder / "deeper").mkdir(parents=True)
    for name in ("one", "deeper/two"):
        (folder / f"{name}.txt").write_text(f"This is book {name}, which tells of whales.")
    (folder / ".hidden.txt").write_text("Nobody reads this.")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (folder / "empty.txt").touch()
    code, out, err = shell("read", str(folder))
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()] == ["two:", "one:"]
    assert "Skipped: “picture.png” is a picture" in err
    assert "Skipped: “empty.txt” is empty" in err
    assert "Of 4 files: 2 read, 2 skipped." in err
    (folder / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    code, out, err = shell("read", str(folder))
    assert code == 2
    assert out.count("read before") == 2
    assert "torn.pdf” is damaged" in err
    assert "Of 5 files: 2 read before, 2 skipped, 1 failed." in err


def test_a_book_that_does_not_fit_does_not_keep_the_others(
    shell: Shell, long_file: Path, text_file: Path
) -> None:
    code, out, err = shell("read", str(long_file), str(text_file), "--ratio", "2")
    assert code == 2
    assert "takes" in err
    assert "positions" in err
    assert out.split()[1] == "whale:"


def test_a_folder_without_files_is_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    code, _, err = shell("read", str(tmp_path / "nothing"))
    assert code == 2
    assert "holds no files" in err


def test_a_folder_that_cannot_be_listed_does_not_keep_the_others_from_being_read(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "books"
    (folder / "locked").mkdir(parents=True)
    (folder / "one.txt").write_text("This is book one, which tells of whales.")
    listed = Path.iterdir

    def refused(self: Path) -> Iterator[Path]:
        if self.name == "locked":  # what the system says to others than root
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refused)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")
    code, out, err = shell("read", str(folder))
    assert code == 2
    assert out.split()[1] == "one:"
    assert err.count("beacon-qa: ") == 1
    assert f"{folder / 'locked'} cannot be used: permission denied." in err


def test_a_name_in_no_encoding_is_read_and_found_again(shell: Shell, tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    file.write_text("Ada lives in Rome. " * 3)
    assert shell("read", str(file))[0] == 0
    code, out, _ = shell("read", str(file), "--json")
    assert code == 0
    assert json.loads(out)["read_now"] is False
    assert shell("ask", str(file), "Who?", "--max-tokens", "2")[0] == 0
    (record,) = Shelf(shell.shelf).books()
    assert record.source == f"{tmp_path.resolve()}/caf\\xe9.txt"
    assert shell("shelf", "show", str(file), "--json")[0] == 0


def test_a_book_is_found_by_the_name_of_its_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "two.md"
    file.write_text("# Chapter 1\n\nAda lives in Rome.\n\n# Chapter 2\n\nBob lives in Oslo.\n")
    assert shell("read", str(file))[0] == 0
    file.unlink()
    assert shell("ask", "Two", "Who?", "--max-tokens", "2")[0] == 0


def test_nobodys_folder_is_a_name_like_any_other(shell: Shell) -> None:
    code, _, err = shell("ask", "~nobody-by-this-name/x.txt", "Who?")
    assert code == 2
    assert "No book called '~nobody-by-this-name/x.txt'" in err


def test_a_ratio_that_is_refused_leaves_nothing_on_the_shelf(shell: Shell, text_file: Path) -> None:
    assert shell("read", str(text_file))[0] == 0
    code, _, err = shell("ask", str(text_file), "Who?", "--ratio", "3")
    assert code == 2
    assert "does not divide" in err
    assert len(Shelf(shell.shelf).books()) == 1
