"""The command line: `beacon-qa read | ask | chat | summarize | serve | shelf | doctor | train` ...

Knows arguments, the environment and exit codes: 0 done, 2 refused with one sentence on standard
error, 130 stopped by Ctrl-C. What a command does is in its room of `beacon_qa.commands`, imported
when it is asked for: `--help` loads no model library.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import io
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from beacon_qa.allocator import keep_freed_memory
from beacon_qa.commands.interrupt import Stopped
from beacon_qa.commands.terminal import Terminal
from beacon_qa.errors import BeaconError

_DESCRIPTION = """\
Read a whole book once, keep its condensed memory, and answer questions from it.

  beacon-qa read moby-dick.epub                 read a book and keep its memory
  beacon-qa ask moby-dick.epub "Who is Ahab?"   ask; it is read first if need be
  beacon-qa chat "moby dick"                    a conversation, by title
  beacon-qa summarize moby-dick.epub --by-chapter --output summary.md
"""

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "read": ("beacon_qa.commands.read", "read files and keep their memories"),
    "ask": ("beacon_qa.commands.ask", "ask questions about a file or a book on the shelf"),
    "chat": ("beacon_qa.commands.chat", "talk about a book, with follow-up questions"),
    "summarize": ("beacon_qa.commands.summarize", "summarize a whole book, or each chapter"),
    "serve": ("beacon_qa.commands.serve", "serve books to programs that speak OpenAI's API"),
    "shelf": ("beacon_qa.commands.shelf", "list, show, remove, export and import books"),
    "doctor": ("beacon_qa.commands.doctor", "what this machine can run, and what it would cost"),
    "train": ("beacon_qa.training.command", "teach a model's beacons to condense"),
    "evaluate": ("beacon_qa.evaluation.command", "measure how well a model remembers"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # a line in another encoding ends nothing
    terminal = Terminal(sys.stdout, sys.stderr)
    try:
        args = build_parser(_command_in(words)).parse_args(words)
        _settle(args, words)
        return _run(args, terminal)
    except BeaconError as error:
        terminal.note(f"beacon-qa: {error}")
        return 2
    except Stopped as stopped:
        terminal.note(f"\n{stopped}")
        return 130
    except KeyboardInterrupt:
        terminal.note("\nStopped.")
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); leave nothing for the exit to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A full disk, a folder that is a file: what nobody could know before.
        what, why = error.filename or "A file", (error.strerror or str(error)).lower()
        terminal.note(f"beacon-qa: {what} cannot be used: {why}.")
        return 2


def _run(args: argparse.Namespace, terminal: Terminal) -> int:
    room = _room(args.command)
    keep_freed_memory()
    if room.__name__.startswith("beacon_qa.commands."):
        return int(room.run(args, terminal))
    return int(room.run(args) or 0)


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands; only `command`, where given, knows its own arguments."""
    parser = argparse.ArgumentParser(
        prog="beacon-qa",
        description=_DESCRIPTION,
        epilog="beacon-qa COMMAND --help tells more about each command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, summary) in _COMMANDS.items():
        added = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == command:
            _room(name).add_arguments(added)
    return parser


def _version() -> str:
    try:
        return f"beacon-qa {importlib.metadata.version('beacon-qa')}"
    except importlib.metadata.PackageNotFoundError:
        return "beacon-qa, run from its source"


def _command_in(words: Sequence[str]) -> str | None:
    return next((word for word in words if word in _COMMANDS), None)


def _room(command: str) -> ModuleType:
    name, _ = _COMMANDS[command]
    return importlib.import_module(name)


def _settle(args: argparse.Namespace, words: Sequence[str]) -> None:
    """Hand words and environment to the command, and keep libraries from talking in between."""
    args.words = words
    args.data_home = os.environ.get("XDG_DATA_HOME") or None
    logging.basicConfig(level=logging.ERROR, format="%(message)s", stream=sys.stderr)
    logging.getLogger("beacon_qa.reading").setLevel(logging.WARNING)
    # A hub that does not answer is said once, by our own error, not at each of several tries.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if getattr(args, "model", None) is None or os.path.isdir(args.model):
        # A download shows its progress; loading a folder has none worth showing.
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
