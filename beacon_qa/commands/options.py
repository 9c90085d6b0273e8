"""Arguments that several commands share, and what their words mean.

Knows argparse; knows nothing of models.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from beacon_qa.shelf.storage import expanded


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model, --bits, --device, --ratio."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        type=model,
        metavar="ID",
        help="a beacon checkpoint: a folder or a Hugging Face id (default: the built-in model)",
    )
    group.add_argument(
        "--bits", type=int, choices=(4, 8, 16), help="load the base weights in 4, 8 or 16 bits"
    )
    group.add_argument(
        "--device",
        help='where to run, such as "cpu" or "cuda:0"; "auto" spreads a model that is larger than '
        "a GPU over several (default: a GPU)",
    )
    group.add_argument(
        "--ratio",
        type=ratio,
        default="auto",
        metavar="R",
        help="tokens condensed into one: auto, a number such as 8, or a schedule such as 2,4,8 "
        "(default: auto, the smallest that fits; two windows or less stay as they are)",
    )


def add_shelf(parser: argparse.ArgumentParser) -> None:
    """--shelf, --quota, --json."""
    group = parser.add_argument_group("shelf and output")
    add_folder(group)
    group.add_argument("--json", action="store_true", help="write results as lines of JSON")


def add_folder(group: argparse._ArgumentGroup) -> None:
    """--shelf and --quota."""
    group.add_argument(
        "--shelf",
        type=Path,
        metavar="FOLDER",
        help="where books are kept (default: ~/.local/share/beacon-qa)",
    )
    group.add_argument("--quota", type=above_zero, metavar="GB", help="how large a shelf may grow")


def add_engine(parser: argparse.ArgumentParser, workers: str) -> argparse._ArgumentGroup:
    """--engine, --cluster, --workers, in a group of their own, which is returned."""
    group = parser.add_argument_group("several machines")
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="local: this program alone; ray: workers of a Ray cluster, which share the shelf's "
        "folder (default: local)",
    )
    group.add_argument(
        "--cluster",
        default="local",
        metavar="ADDRESS",
        help='the cluster to work on: "auto" for the one that this machine is part of, HOST:PORT, '
        "or local, which starts one of this machine alone (default: local)",
    )
    group.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help=f"{workers} (default: one for each GPU, or for every four processors)",
    )
    return group


def add_source(parser: argparse.ArgumentParser) -> None:
    """--password and --save-every, for files that are read on the way."""
    group = parser.add_argument_group("reading")
    group.add_argument("--password", help="the password of an encrypted file")
    group.add_argument(
        "--save-every",
        type=above_zero,
        default=30.0,
        metavar="SECONDS",
        help="how often an unfinished reading is saved (default: 30)",
    )


def add_answering(parser: argparse.ArgumentParser, max_tokens: int | None = 256) -> None:
    """--as-of, --temperature, --max-tokens, --seed."""
    group = parser.add_argument_group("answering")
    group.add_argument(
        "--as-of",
        metavar="PLACE",
        help='answer from the text up to a place only: "chapter 7", "page 120", a chapter\'s title',
    )
    group.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="T",
        help="0 always takes the likeliest word; higher is freer (default: 0)",
    )
    group.add_argument(
        "--max-tokens",
        type=positive,
        default=max_tokens,
        metavar="N",
        help="end an answer after N tokens"
        + (f" (default: {max_tokens})" if max_tokens else " (default: by the length)"),
    )
    group.add_argument("--seed", type=int, help="make a temperature above 0 repeatable")


def add_looking(parser: argparse.ArgumentParser) -> None:
    """--look-back."""
    parser.add_argument_group("looking back").add_argument(
        "--look-back",
        choices=("auto", "on", "narrow", "off"),
        default="auto",
        help="read the passages that the question finds again, word for word, before answering: "
        "auto where they stand out, on always, off never; narrow reads nothing again, and answers "
        "from the memory of the place they stand in (default: auto)",
    )


def model(text: str) -> str:
    """The folder or id of a model; a shell leaves the `~` of `--model=~/folder` as it is."""
    return str(expanded(text)) if text.startswith("~") else text


def ratio(word: str) -> str | int | tuple[int, ...]:
    """A ratio as it is typed: auto, a number, or numbers joined by commas."""
    if word == "auto":
        return word
    try:
        numbers = tuple(int(part) for part in word.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{word!r} is no ratio; say "auto", a number such as 8, or a schedule such as 2,4,8'
        ) from None
    if any(number < 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"{word!r} is no ratio; it must not be negative")
    return numbers[0] if len(numbers) == 1 else numbers


def above_zero(word: str) -> float:
    """A number above 0."""
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{word!r} is not a number above 0")
    return number


def positive(word: str) -> int:
    """A whole number from 1 on."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number from 1 on")
    return int(word)


def not_negative(word: str) -> int:
    """A whole number from 0 on."""
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number from 0 on")
    return int(word)
