"""Several files and folders at once: the bad ones are told, and the others read."""

from __future__ import annotations

from pathlib import Path

from shell import Shell


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
