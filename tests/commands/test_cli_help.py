"""Help and refusals of the command line, which wait for no model library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from beacon_qa.cli import build_parser, main

ROOT = Path(__file__).parents[2]


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
    ["ask --help", "chat --help", "ask nothing Who?", "chat nothing", "summarize nothing"],
)
def test_help_and_refusals_need_no_model_library(words: str, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom beacon_qa.cli import main\n"
        f"try: main({words.split()!r})\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    home = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=home, check=True)


@pytest.mark.parametrize(
    "words",
    [["read"], ["ask", "x"], ["read", "x", "--ratio", "many"], ["fly"], []],
    ids=["no file", "no question", "no ratio", "no command", "nothing"],
)
def test_wrong_arguments_end_with_code_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2


def test_the_home_of_a_model_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, meant in (("~/m", f"{tmp_path}/m"), ("./m", "./m"), ("org/name", "org/name")):
        assert build_parser("ask").parse_args(["ask", "x", "y", f"--model={given}"]).model == meant
