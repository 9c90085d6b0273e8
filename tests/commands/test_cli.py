"""The command line as a person and a script meet it: output and exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from beacon_qa.excerpt import EXTRACTED
from beacon_qa.shelf import Shelf


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
        (["shelf", "import", "no-such-folder"], "no-such-folder"),
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
    assert f"*{EXTRACTED}*" in out
    _, told, _ = shell("summarize", str(chapters_file), "--json", "--max-tokens", "4")
    assert json.loads(told)["summary"][0]["text"] in out
    assert json.loads(told)["note"] == EXTRACTED


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


def test_a_summary_is_written_where_it_was_asked_for_and_nowhere_else(
    shell: Shell, chapters_file: Path, tmp_path: Path
) -> None:
    def summarize(output: Path) -> tuple[int, str, str]:
        words = ["--max-tokens", "2", "--output", str(output)]
        return shell("summarize", str(chapters_file), *words)

    before = chapters_file.read_text()
    for output, sentence in ((chapters_file, "is the text itself"), (tmp_path, "is a folder")):
        code, _, err = summarize(output)
        assert code == 2
        assert sentence in err
        assert "Loading" not in err
    assert chapters_file.read_text() == before
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.touch(0o640)
    link.symlink_to(real)
    assert summarize(link)[0] == 0
    assert link.is_symlink()
    assert real.read_text().startswith("# ")
    assert real.stat().st_mode & 0o777 == 0o640
    assert summarize(Path("/dev/null"))[0] == 0
    assert Path("/dev/null").is_char_device()


def test_questions_in_another_encoding_are_asked_as_far_as_they_can_be_read(
    shell: Shell, text_file: Path
) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "beacon_qa", "ask", text_file, "-", b"Wer z\xe4hlte sie?"),
            *("--max-tokens", "2", *shell.options("ask")),
        ],
        input=b"Wer z\xe4hlte?\nWho?\n",
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    asked = [line for line in run.stdout.decode().splitlines() if line.startswith("> ")]
    assert asked == ["> Wer z\ufffdhlte?", "> Who?", "> Wer z\ufffdhlte sie?"]


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


def test_a_conversation_goes_on_past_a_question_that_got_no_answer(
    shell: Shell, text_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(line: str, *words: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(line))
        code, out, _ = shell("chat", str(text_file), "--json", "--max-tokens", "4", *words)
        assert code == 0
        told: dict[str, Any] = json.loads(out)
        return told

    talk(f"{'where ' * 2000}\nWho?\n")  # the first is too long, and ends nothing
    expected = talk("And then?\n", "--continue")
    begun = talk("Who?\n")["conversation"]
    Shelf(shell.shelf).conversations.add(begun, "user", "Why, and where to, and when?")
    told = talk("And then?\n", "--continue")
    assert told["conversation"] == begun
    assert told["usage"] == expected["usage"]


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
