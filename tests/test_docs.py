"""The README and docs/ hold: examples run, links lead somewhere, help texts are the program's.

Each page's examples run one after another in a folder of sample files, with a home of its own.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from doc_pages import PAGES, ROOT, anchors, commands, fences, links, make_targets
from doc_samples import write_samples
from write_cli_help import PAGE, commands_in, help_text, refreshed

from beacon_qa.beacon import load_model
from beacon_qa.cli import build_parser, main
from beacon_qa.errors import BeaconError

TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
TEXTS = {page: page.read_text("utf-8") for page in PAGES}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "files"
    folder.mkdir()
    write_samples(folder)
    return folder


@pytest.fixture
def place(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a fresh copy of the sample files; shelves are made beside it."""
    folder = shutil.copytree(samples, tmp_path / "here")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    # The command line settles these for its process; here they end with the test.
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "error")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    return folder


def run_line(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a line as a shell would, `<` and `>` included; returns its exit code."""
    words = shlex.split(line, comments=True)[1:]
    given, out = b"", io.StringIO()
    if "<" in words:
        given = Path(words.pop(words.index("<") + 1)).read_bytes()
        words.remove("<")
    target = words.pop(words.index(">") + 1) if ">" in words else None
    words = [word for word in words if word != ">"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    with redirect_stdout(out):
        code = _ended(words)
    if target is not None:
        Path(target).write_text(out.getvalue(), "utf-8")
    return code


def _ended(words: list[str]) -> int:
    try:
        if _needs_download(words):
            build_parser(words[0]).parse_args(words)
            return 0
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


def _needs_download(words: list[str]) -> bool:
    """Whether a model is named that is not here: such a line is parsed only."""
    names = [words[words.index(name) + 1] for name in ("--model", "--base") if name in words]
    return any("/" in name and not Path(name).exists() for name in names)


@every_page
def test_the_python_examples_of_a_page_run(page: Path, place: Path) -> None:
    told: dict[str, object] = {"__name__": "example"}
    with redirect_stdout(io.StringIO()):
        for line, block in fences(TEXTS[page], "python"):
            # Empty lines in front, so that a traceback tells the line of the page.
            exec(compile("\n" * (line - 1) + block, str(page), "exec"), told)


@every_page
def test_the_commands_of_a_page_run(
    page: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, line in commands(TEXTS[page]):
        expected = 2 if "# refused" in line else 0
        code = run_line(line, monkeypatch)
        assert code == expected, f"{page.name}, line {number}: {line}\n{capsys.readouterr().err}"


@every_page
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in links(TEXTS[page]):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), f"{page.name}: {link}"


@every_page
def test_what_a_page_tells_to_make_can_be_made(page: Path) -> None:
    assert make_targets(TEXTS[page]) <= TARGETS


def test_the_help_texts_are_what_the_program_prints() -> None:
    """Line breaks aside, which differ between versions of Python."""
    page = TEXTS[PAGE]
    assert refreshed(page).split() == page.split(), "run: python -m tests.write_cli_help"


def test_the_help_of_every_command_is_shown() -> None:
    named = set(re.findall(r"^    (\w+)  ", help_text(""), re.MULTILINE))
    actions = set(re.findall(r"^    (\w+)  ", help_text("shelf"), re.MULTILINE))
    assert len(named) >= 8
    assert {"", *named, *(f"shelf {action}" for action in actions)} == set(commands_in(TEXTS[PAGE]))


def test_the_json_fields_are_those_the_program_writes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = re.findall(r"^\| `(\w+)` ?(?:\(.*?\))? \| (`.*) \|$", TEXTS[PAGE], re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row))) for name, row in rows}
    lines = {
        "read": "notes.txt",
        "ask": "notes.txt Who? --max-tokens 3",
        "chat": "notes.txt --max-tokens 3 < questions.txt",
        "summarize": "notes.txt --max-tokens 3",
        "doctor": "",
    }
    assert set(told) == set(lines)
    for name, words in lines.items():
        assert run_line(f"beacon-qa {name} --json {words} > out.json", monkeypatch) == 0
        first = json.loads((place / "out.json").read_text("utf-8").splitlines()[0])
        assert set(first) == told[name]


@pytest.mark.parametrize(
    ("sentence", "fields"),
    [
        ("Models of type 'gpt2' cannot carry beacons here", {"model_type": "gpt2"}),
        (
            "Rotary scaling 'dynamic' changes with the length of the text",
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
        ),
        (
            "Partial rotary embeddings are not supported",
            {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}},
        ),
        ("beacon_pos is 'append'; only 'interleave' is supported", {"beacon_pos": "append"}),
        (
            "beacon_attn is 'step-expansion'; only 'full-coverage' is supported",
            {"beacon_attn": "step-expansion"},
        ),
        ("beacon_stride is 512 and beacon_window 1024", {"beacon_stride": 512}),
        (
            "Condensing ratio 7 does not divide the window of 64 tokens",
            {"beacon_window": 64, "beacon_ratio": [7]},
        ),
    ],
)
def test_a_refusal_begins_as_the_page_says(
    sentence: str, fields: dict[str, Any], samples: Path
) -> None:
    assert f" {sentence} |" in TEXTS[ROOT / "docs" / "checkpoints.md"]
    with pytest.raises(BeaconError, match="^" + re.escape(sentence)):
        load_model(samples / "plain-model", start_beacons=True, **fields)


def test_the_reading_of_pages_sees_what_it_looks_for() -> None:
    page = "# A *b* c\n[x](y.md#z) [w](https://w)\n```sh\nbeacon-qa a \\\n  b\n```\n`make demo`\n"
    assert links(page) == ["y.md#z"]
    assert anchors(page) == {"a-b-c"}
    assert list(commands(page)) == [(4, "beacon-qa a    b")]
    assert make_targets(page) == {"demo"}
    assert list(fences(page, "python")) == []


@pytest.mark.parametrize(
    ("line", "code"), [("beacon-qa fly", 2), ("beacon-qa ask nothing.txt Who", 2)]
)
def test_a_line_that_cannot_run_is_seen(
    line: str, code: int, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_line(line, monkeypatch) == code
