"""The command line as a person and a script meet it: output, exit codes, Ctrl-C, kill -9."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from beacon_qa.beacon import Sampling
from beacon_qa.cli import build_parser, main
from beacon_qa.commands.telling import tell, tell_evidence
from beacon_qa.commands.terminal import Terminal
from beacon_qa.documents import Document
from beacon_qa.engine import Engine
from beacon_qa.evidence import Passage
from beacon_qa.evidence.looking import Round
from beacon_qa.reader import Reader
from beacon_qa.reading import ReadingProgress
from beacon_qa.shelf import Shelf

ROOT = Path(__file__).parents[1]


class Shell:
    """Runs commands in this process with one model and one shelf."""

    def __init__(self, model: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.model = model
        self.shelf = shelf
        self.capsys = capsys

    def options(self, command: str) -> list[str]:
        shelf = ["--shelf", str(self.shelf)]
        return shelf if command in ("shelf", "doctor") else [*shelf, "--model", str(self.model)]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main([*words, *self.options(words[0])])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The same command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "beacon_qa", *words, *self.options(words[0])],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tiny_checkpoint, tmp_path / "shelf", capsys)


@pytest.fixture
def chapters_file(tmp_path: Path) -> Path:
    path = tmp_path / "voyage.md"
    path.write_text(
        "# Loomings\n\nCall me Ishmael. I went to sea.\n\n"
        "# The Chase\n\nThe whale was seen. The ship was lost.\n"
    )
    return path


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    path = tmp_path / "long.txt"
    path.write_text("\n\n".join(f"Sentence {n} tells of whale {n * 7}." for n in range(1200)))
    return path


def test_help_is_told_without_loading_a_model_library() -> None:
    program = (
        "import sys; from beacon_qa.cli import main\n"
        "for words in (['--help'], ['read', '--help'], ['shelf', 'list', '--help']):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: assert end.code == 0\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("read", "ask", "chat", "summarize", "shelf", "doctor", "train", "evaluate"):
        assert f"\n    {word}" in done.stdout
    assert 'beacon-qa ask moby-dick.epub "Who is Ahab?"' in done.stdout


@pytest.mark.parametrize("command", ["read", "ask", "chat", "summarize", "shelf", "doctor"])
def test_every_command_explains_its_arguments(command: str) -> None:
    with pytest.raises(SystemExit) as end:
        build_parser(command).parse_args([command, "--help"])
    assert end.value.code == 0


@pytest.mark.parametrize(
    "words",
    [["read"], ["ask", "x"], ["read", "x", "--ratio", "many"], ["fly"], []],
    ids=["no file", "no question", "no ratio", "no command", "nothing"],
)
def test_wrong_arguments_end_with_code_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2


def test_a_file_is_read_once_and_then_asked(shell: Shell, text_file: Path) -> None:
    code, out, _ = shell("read", str(text_file))
    assert code == 0
    assert "whale: " in out
    assert "windows, read in" in out
    _, out, _ = shell("read", str(text_file))
    assert "read before" in out
    code, out, err = shell("ask", str(text_file), "Who?", "--max-tokens", "5")
    assert (code, err) == (0, "")
    assert out.strip()


def test_answers_for_scripts_carry_usage_and_coverage(shell: Shell, text_file: Path) -> None:
    words = ["ask", str(text_file), "Who?", "And why?", "--json", "--max-tokens", "5"]
    code, out, _ = shell(*words)
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert (first["question"], second["question"]) == ("Who?", "And why?")
    assert first["usage"]["output_tokens"] <= 5
    assert first["usage"]["cached_tokens"] == first["coverage"]["total_tokens"]
    assert first["coverage"]["windows"] == first["coverage"]["total_windows"]
    # The streamed answer is the same as the one in JSON.
    _, told, _ = shell("ask", first["book"], "Who?", "--max-tokens", "5")
    assert told == first["answer"] + "\n"


def test_looking_back_is_told_to_scripts_with_its_passages(shell: Shell, text_file: Path) -> None:
    def ask(way: str) -> dict[str, Any]:
        words = ["--json", "--max-tokens", "5", "--ratio", "4", "--look-back", way]
        code, out, _ = shell("ask", str(text_file), "Who?", *words)
        assert code == 0
        told: dict[str, Any] = json.loads(out)
        return told

    on, off = ask("on"), ask("off")
    assert off["read_again"] == []
    assert on["read_again"]
    text = text_file.read_text()
    for passage in (*on["read_again"], *on["evidence"], *off["evidence"]):
        assert set(passage) == {"start", "end", "page", "chapter", "score"}
        assert 0 <= passage["start"] < passage["end"] <= len(text)
    assert on["usage"]["input_tokens"] > off["usage"]["input_tokens"]
    code, _, err = shell("ask", str(text_file), "Who?", "--json")
    assert (code, err) == (0, "")
    with pytest.raises(SystemExit) as end:
        main(["ask", str(text_file), "Who?", "--look-back", "maybe"])
    assert end.value.code == 2


class Screen(io.StringIO):
    """A terminal that a person sees."""

    def isatty(self) -> bool:
        return True


def test_what_an_answer_rests_on_is_noted_below_it(reader: Reader, document: Document) -> None:
    book = replace(reader, ratio=4).read(document)
    out, err = Screen(), Screen()
    answer = book.ask("Who?", sampling=Sampling(max_new_tokens=5), look_back="on")
    text = tell(answer, Terminal(out, err))
    tell_evidence(answer, document.text, Terminal(out, err))
    assert out.getvalue() == text + "\n"
    lines = err.getvalue().splitlines()
    assert lines[0] == "Rests on (* read again word for word):"
    best = answer.evidence[0]
    assert lines[1].lstrip().startswith(f"{100 * best.score:.0f}% ")
    assert f"p. {best.page}, {best.chapter}: " in lines[1]
    marked = [line for line in lines if line[7] == "*" and ": " in line]
    # What was read again stands there by the evidence in it, or else with its own beginning.
    for passage in answer.read_again:
        met = [p for p in answer.evidence if p.start < passage.end and passage.start < p.end]
        for one in met or [passage]:
            words = " ".join(document.text[one.start : one.end].split())
            assert any(words[:15] in line for line in marked)
    assert max(map(len, lines)) < 120


def test_a_question_for_all_says_how_many_rounds_it_took() -> None:
    one, two, three = (Passage(place, place + 4, "", "", 0.5) for place in (0, 5, 9))
    told = SimpleNamespace(
        evidence=(one, two), read_again=(one, three), rounds=(Round((one,)), Round((three,)))
    )
    err = Screen()
    tell_evidence(told, "Call me\nIshmael.", Terminal(Screen(), err))  # type: ignore[arg-type]
    assert err.getvalue().splitlines() == [
        "Rests on (* read again word for word):",
        "   50% * Call",
        "   50%   me I",
        "Also read again, in 2 rounds:",
        "       * shma",
    ]


def test_a_book_is_asked_by_title_after_its_file_is_gone(shell: Shell, text_file: Path) -> None:
    shell("read", str(text_file))
    text_file.unlink()
    assert shell("ask", "WHALE", "Who?", "--max-tokens", "3")[0] == 0
    assert shell("ask", str(text_file), "Who?", "--max-tokens", "3")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ask", "no-such-book", "Who?"], "No book called 'no-such-book'"),
        (["read", "no-such-file.pdf"], "no-such-file.pdf"),
        (["shelf", "remove", "no-such-book"], "No book called"),
        (["summarize", "no-such-book"], "No book called"),
    ],
    ids=["ask", "read", "shelf", "summarize"],
)
def test_what_cannot_be_found_is_one_sentence_and_code_2(
    shell: Shell, words: list[str], sentence: str
) -> None:
    code, out, err = shell(*words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("A text to be read.")
    shell.model = tmp_path / "empty"
    code, _, err = shell("read", str(tmp_path / "a.txt"))
    assert code == 2
    assert err.startswith("beacon-qa: ")
    assert "Traceback" not in err


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


def test_a_text_from_standard_input_is_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"Call me Ishmael. Some years ago I went to sea, and saw the whale."
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    code, out, _ = shell("ask", "-", "Who?", "--json", "--max-tokens", "3")
    assert code == 0
    assert json.loads(out)["coverage"]["total_tokens"] > 5


def test_questions_from_standard_input_are_answered(
    shell: Shell, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Who?\n\nWhy?\n"))
    _, out, _ = shell("ask", str(text_file), "-", "--json", "--max-tokens", "3")
    assert [json.loads(line)["question"] for line in out.splitlines()] == ["Who?", "Why?"]


def test_a_summary_by_chapter_is_written_to_a_file(
    shell: Shell, chapters_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.md"
    words = ["--by-chapter", "--output", str(target), "--max-tokens", "4"]
    code, out, err = shell("summarize", str(chapters_file), *words)
    assert (code, out) == (0, "")
    assert err.endswith(f"The summary is in {target}.\n")
    text = target.read_text()
    assert text.startswith("# ")
    assert "\n## Loomings\n" in text
    assert "\n## The Chase\n" in text


def test_a_summary_of_the_whole_is_told(shell: Shell, chapters_file: Path) -> None:
    code, out, _ = shell("summarize", str(chapters_file), "--length", "short", "--max-tokens", "4")
    assert code == 0
    assert out.startswith("# ")
    _, told, _ = shell("summarize", str(chapters_file), "--json", "--max-tokens", "4")
    assert json.loads(told)["summary"][0]["text"] in out


def test_an_answer_as_of_a_chapter_says_so(shell: Shell, chapters_file: Path) -> None:
    words = ["--as-of", "Loomings", "--json", "--max-tokens", "3"]
    _, out, _ = shell("ask", str(chapters_file), "Who?", *words)
    answer = json.loads(out)
    assert answer["as_of"] == "Loomings"
    assert answer["coverage"]["tokens"] < answer["coverage"]["total_tokens"]
    code, _, err = shell("ask", str(chapters_file), "Who?", "--as-of", "chapter 9")
    assert code == 2
    assert "2 chapters" in err


def test_a_ratio_is_taken_as_it_is_given(shell: Shell, text_file: Path) -> None:
    _, eight, _ = shell("read", str(text_file), "--ratio", "8", "--json")
    _, mixed, _ = shell("read", str(text_file), "--ratio", "2,8", "--json")
    assert json.loads(eight)["ratio"] == "8"
    assert json.loads(mixed)["ratio"] == "2,8"
    code, _, err = shell("read", str(text_file), "--ratio", "5")
    assert code == 2
    assert "5" in err


def test_the_shelf_lists_shows_exports_imports_and_removes(
    shell: Shell, text_file: Path, tmp_path: Path
) -> None:
    _, out, _ = shell("read", str(text_file), "--json")
    book = json.loads(out)["id"]
    _, out, _ = shell("shelf", "list")
    assert out.startswith(f"{book}  ready")
    assert "1 book, " in out
    _, out, _ = shell("shelf", "show", "whale", "--json")
    assert json.loads(out)["id"] == book
    folder = tmp_path / "exported"
    assert shell("shelf", "export", "whale", str(folder))[0] == 0
    assert shell("shelf", "remove", book)[0] == 0
    assert shell("shelf", "list", "--json")[1] == ""
    assert shell("shelf", "import", str(folder))[0] == 0
    _, out, _ = shell("read", str(text_file), "--json")
    assert json.loads(out)["read_now"] is False


def test_a_conversation_is_kept_and_can_go_on(
    shell: Shell, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(lines: str, *words: str) -> list[dict[str, Any]]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        code, out, _ = shell("chat", str(text_file), "--json", "--max-tokens", "4", *words)
        assert code == 0
        return [json.loads(line) for line in out.splitlines()]

    first = talk("Who?\nWhy?\n/quit\nnever asked\n")
    assert [told["question"] for told in first] == ["Who?", "Why?"]
    second = talk("And then?\n", "--continue")
    assert second[0]["conversation"] == first[0]["conversation"]
    assert second[0]["usage"]["cached_tokens"] > first[1]["usage"]["cached_tokens"]
    kept = Shelf(shell.shelf).conversations.messages(first[0]["conversation"])
    assert [message.text for message in kept if message.role == "user"] == [
        "Who?",
        "Why?",
        "And then?",
    ]
    assert talk("Who?\n")[0]["conversation"] != first[0]["conversation"]


def test_doctor_says_what_the_machine_can_run(shell: Shell) -> None:
    code, out, _ = shell("doctor", "--pages", "100", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["machine"]["operations"] > 1e8
    assert facts["tokens"] == 45_000
    sizes = {line["bits"]: line["weights"] for line in facts["models"] if "Qwen2" in line["model"]}
    assert sizes[4] < sizes[8] < sizes[16]
    code, out, _ = shell("doctor")
    assert "A book of 400 pages" in out


def wait_until(what: Any, process: subprocess.Popen[str]) -> None:
    while not what():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_ctrl_c_keeps_what_was_read_and_ends_with_code_130(
    shell: Shell, long_file: Path, engine: Engine
) -> None:
    shelf = Shelf(shell.shelf)
    process = shell.start("read", str(long_file))
    wait_until(lambda: [book for book in shelf.books() if book.tokens], process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Stopped: " in err
    assert "Traceback" not in err
    (record,) = shelf.books()
    assert record.state == "waiting"
    seen: list[ReadingProgress] = []
    Reader(engine, shelf).read(long_file, on_progress=seen.append)
    assert seen[0].windows == record.windows + 1 > 1


def test_a_killed_reading_goes_on_from_its_last_checkpoint(
    shell: Shell, long_file: Path, engine: Engine, tmp_path: Path
) -> None:
    shelf = Shelf(shell.shelf)
    process = shell.start("read", str(long_file), "--save-every", "0.05")
    partial = shell.shelf / "partial"
    wait_until(lambda: list(partial.glob("*.safetensors")), process)
    process.kill()
    process.communicate()
    (record,) = shelf.books()
    assert record.state == "waiting"
    seen: list[ReadingProgress] = []
    book = Reader(engine, shelf).read(long_file, on_progress=seen.append)
    assert 1 < seen[0].windows <= seen[-1].windows
    assert book.coverage.complete
    unbroken = Reader(engine, Shelf(tmp_path / "other")).read(long_file)
    assert book.memory.ratios == unbroken.memory.ratios
    assert book.ask("Who?").text == unbroken.ask("Who?").text
    assert not list(partial.iterdir())


def test_a_closed_pipe_is_no_error(shell: Shell, text_file: Path) -> None:
    shell("read", str(text_file))
    process = shell.start("ask", "whale", "Who?")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait() == 0
    process.stderr.close()


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
