"""What a command is told wrongly is answered by one sentence and exit code 2, and costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon_qa.cli import main


@pytest.fixture
def place(tmp_path: Path, text_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a text, a file where a folder should be, a folder of texts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "whale.txt").write_text(text_file.read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ask whale.txt ''", "A question is empty"),
        ("ask whale.txt Who? --device cuda:99", "There is no device cuda:99 here"),
        ("ask whale.txt Who? --device toaster", "'toaster' is no device; say cpu"),
        ("ask whale.txt Who? --model ./nowhere", "./nowhere is not there; give the folder of a"),
        ("ask whale.txt LONG", "A question has 9,000 characters and at most 8,000 are taken"),
        ("serve --new-key ''", "'' cannot be a key's name"),
        ("ask '' Who?", "An empty name means no book"),
        ("summarize whale.txt --output nowhere/x.md", "There is no folder nowhere; make it"),
        ("evaluate --out file", "file cannot be used: file exists"),
        (
            "train --base MODEL --texts texts --out file --tokens 96",
            "cannot be used: not a directory",
        ),
        ("train --base MODEL --out out", "There is nothing to learn from"),
        ("train --base MODEL --texts nowhere --out out", "There is no folder nowhere"),
        ("train --base MODEL --chats none.jsonl --out out", "cannot be read: no such file"),
        ("train --base MODEL --chats latin.jsonl --out out", "latin.jsonl is not UTF-8 text"),
        ("train --builtin --recompute --texts texts --out out", "--recompute go with --base"),
        (
            "train --base MODEL --texts texts --out out --device cuda:0 --processes 2",
            "leave it out",
        ),
    ],
)
def test_a_wrong_word_is_one_sentence(
    line: str,
    sentence: str,
    place: Path,
    tiny_checkpoint: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [
        {"MODEL": str(tiny_checkpoint), "''": "", "LONG": "where" * 1800}.get(word, word)
        for word in line.split()
    ]
    assert main(words) == 2
    told = capsys.readouterr()
    said = [row for row in told.err.splitlines() if "model shards" not in row]
    assert len(said) == 1
    assert said[0].startswith("beacon-qa: ")
    assert sentence in said[0]
    assert said[0].endswith(".")
    assert told.out == ""


@pytest.mark.parametrize(
    "line",
    [
        "ask whale.txt Who? --quota -1",
        "ask whale.txt Who? --quota much",
        "read whale.txt --save-every 0",
        "train --base model --texts texts --out out --learning-rate -1",
        "train --base model --texts texts --out out --learning-rate inf",
        "serve --quota nan",
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_at_once(
    line: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 2
    assert "is not a number above 0" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["list", "show Moby", "remove Moby", "export Moby out"])
def test_a_mistyped_shelf_is_no_new_one(
    action: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shelf", *action.split(), "--shelf", "nowhere"]) == 2
    assert "There is no shelf in" in capsys.readouterr().err
    assert not (place / "nowhere").exists()
    # One's own shelf is there from the beginning.
    assert main(["shelf", "list"]) == 0
    assert capsys.readouterr().out.startswith("0 books")
