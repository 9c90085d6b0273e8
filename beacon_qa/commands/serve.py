"""`beacon-qa serve`: books for other programs, by an OpenAI-compatible server.

Knows arguments and signals; what is served is in the room of the server.
"""

from __future__ import annotations

import argparse
import logging
import signal
from pathlib import Path
from types import FrameType

from beacon_qa.commands import options
from beacon_qa.commands.session import load_reader, open_shelf
from beacon_qa.commands.terminal import Terminal
from beacon_qa.keys import Keys
from beacon_qa.server.address import check_host
from beacon_qa.server.limits import Limits
from beacon_qa.shelf import Shelf

_KEYS = "api-keys"
"""The name of the file of keys in the shelf's folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `serve`."""
    group = parser.add_argument_group("serving")
    group.add_argument(
        "--host", default="127.0.0.1", help="where to serve (default: 127.0.0.1, this machine only)"
    )
    group.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    group.add_argument(
        "--keys",
        type=Path,
        metavar="FILE",
        help="let in programs with a key in this file, each to a shelf of its own (default: "
        f"{_KEYS} in the shelf's folder, once a key is made)",
    )
    group.add_argument("--new-key", metavar="NAME", help="make a key, print it this once, and end")
    _add_limits(parser)
    options.add_model(parser)
    options.add_looking(parser)
    options.add_engine(parser, "servers behind the address")
    options.add_folder(parser.add_argument_group("shelf"))


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument(
        "--max-upload",
        type=options.positive,
        default=100,
        metavar="MB",
        help="largest file (default: 100)",
    )
    group.add_argument(
        "--max-tokens",
        type=options.positive,
        default=4096,
        metavar="N",
        help="most tokens of an answer (default: 4096)",
    )
    group.add_argument(
        "--timeout",
        type=options.positive,
        default=600,
        metavar="SECONDS",
        help="most time for an answer, waiting included (default: 600)",
    )
    group.add_argument(
        "--at-once",
        type=options.positive,
        default=16,
        metavar="N",
        help="answers told at a time (default: 16)",
    )
    group.add_argument(
        "--queue",
        type=options.positive,
        default=64,
        metavar="N",
        help="questions that may wait (default: 64)",
    )


def run(args: argparse.Namespace, terminal: Terminal) -> int:
    """Serve until Ctrl-C or a signal to end, or make a key."""
    shelf = open_shelf(args)
    keys = Keys(args.keys or shelf.root / _KEYS)
    if args.new_key is not None:
        terminal.say(keys.new(args.new_key))
        terminal.note(
            f"This is the key of {args.new_key}. It is not shown again; {keys.path} holds a hash."
        )
        return 0
    needed = bool(args.keys or keys.names())
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    check_host(args.host, keys=needed)
    serve = _on_cluster if args.engine == "ray" else _here
    serve(args, shelf, keys if needed else None, terminal)
    terminal.note("Ended; what was read is kept.")
    return 0


def _here(args: argparse.Namespace, shelf: Shelf, keys: Keys | None, terminal: Terminal) -> None:
    reader = load_reader(args, shelf, terminal, look_back=args.look_back)
    from beacon_qa.server.running import Server
    from beacon_qa.server.service import Service

    service = Service(reader, keys, _limits(args))
    try:
        server = Server(service, args.host, args.port)
        _take_signals()
        terminal.say(f"Beacon QA is at {server.url} (Ctrl-C ends it)")
        server.run()
    finally:
        service.close()


def _on_cluster(
    args: argparse.Namespace, shelf: Shelf, keys: Keys | None, terminal: Terminal
) -> None:
    from beacon_qa.commands.cluster import serve_on_cluster

    serve_on_cluster(args, shelf, _limits(args), keys, terminal)


def _limits(args: argparse.Namespace) -> Limits:
    return Limits(
        upload_bytes=args.max_upload * 2**20,
        tokens=args.max_tokens,
        seconds=args.timeout,
        at_once=args.at_once,
        queue=args.queue,
    )


def _take_signals() -> None:
    """The server takes signals to end while it runs, and hands them on afterwards: to nobody."""

    def ended(number: int, frame: FrameType | None) -> None:
        logging.getLogger(__name__).info("ended by signal %d", number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ended)
