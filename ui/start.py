"""From arguments to a page that is served: load, build, launch, and end well.

Knows arguments, signals and the settings of gradio's server; knows nothing of what is on the page.
Loopback is where the page is served; another address needs users who log in.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, cast

from beacon_qa.accounts import Accounts
from beacon_qa.allocator import keep_freed_memory
from beacon_qa.commands import options
from beacon_qa.commands.terminal import Terminal
from beacon_qa.desk import Desk
from beacon_qa.errors import AccountError, BeaconError
from beacon_qa.reader import Reader
from beacon_qa.server.address import is_loopback
from beacon_qa.shelf import Shelf, default_folder
from ui.library import Library, Limits
from ui.look import FAVICON, css_files, palette_css, theme
from ui.page import build_page

_LOG = logging.getLogger(__name__)


def main(argv: Sequence[str], uploads: str, data_home: str | None = None) -> int:
    """Serve the page until Ctrl-C or a signal to end; 0 done, 2 refused with one sentence."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.ERROR)
    terminal = Terminal(sys.stdout, sys.stderr)
    try:
        args = build_parser().parse_args(argv)
        if args.add_user:
            return _add_user(args, terminal)
        check_host(args.host, args.auth)
        keep_freed_memory()
        return _serve(args, data_home, terminal)
    except BeaconError as error:
        terminal.note(f"app.py: {error}")
        return 2
    except OSError as error:
        _LOG.info("the server did not start: %s", error)
        terminal.note(
            f"app.py: The page cannot be served at {args.host}, port {args.port}; it may be in "
            "use: name another with --port, or 0 for a free one."
        )
        return 2
    finally:
        shutil.rmtree(uploads, ignore_errors=True)


def build_parser() -> argparse.ArgumentParser:
    """All arguments of app.py."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Drop a book on a page, watch it being read, talk with it."
    )
    options.add_model(parser)
    group = parser.add_argument_group("shelf")
    options.add_folder(group)
    group.add_argument(
        "--max-upload",
        type=options.above_zero,
        default=100.0,
        metavar="MB",
        help="largest file (default: 100)",
    )
    group = parser.add_argument_group("serving")
    group.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to serve at (default: 127.0.0.1, this machine only)",
    )
    group.add_argument(
        "--port",
        type=int,
        default=7860,
        help="port to serve at; 0 takes a free one (default: 7860)",
    )
    group.add_argument(
        "--auth",
        type=Path,
        metavar="FILE",
        help="let only the users in this file in, each with a shelf of their own",
    )
    group.add_argument(
        "--add-user", metavar="NAME", help="ask for a password, put the user into --auth, and end"
    )
    group.add_argument("--open", action="store_true", help="open the page in a browser")
    return parser


def check_host(host: str, auth: Path | None) -> None:
    """Raise AccountError for an address that others can reach when nobody has to log in."""
    if not is_loopback(host) and auth is None:
        raise AccountError(
            f"At {host} others could reach the page; name the users who may with --auth FILE "
            "(--add-user makes one), or leave --host out."
        )


def launch(library: Library, **options: Any) -> Any:
    """Serve the page of a library with the settings that every launch needs; returns the page.

    `options` go to gradio's `launch`: the address, the port.
    """
    accounts = library.accounts

    async def check(name: str, password: str) -> bool:
        return accounts is not None and await asyncio.to_thread(accounts.check, name, password)

    page = build_page(library)
    page.queue(max_size=library.limits.queue, default_concurrency_limit=8)
    page.launch(
        # Gradio awaits a callback like ours, though its types do not say so.
        auth=None if accounts is None else cast(Any, check),
        auth_message="Log in to your shelf of books.",
        share=False,
        # Without its look at the first page, which takes a slow machine for one without network.
        _frontend=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        show_error=False,
        allowed_paths=[],
        blocked_paths=[str(library.root)],
        max_file_size=library.limits.upload_bytes,
        footer_links=[],
        theme=theme(),
        css=palette_css(),
        css_paths=css_files(),
        favicon_path=FAVICON,
        prevent_thread_lock=True,
        quiet=True,
        **options,
    )
    return page


def _serve(args: argparse.Namespace, data_home: str | None, terminal: Terminal) -> int:
    quota = None if args.quota is None else int(args.quota * 1e9)
    shelf = Shelf(args.shelf or default_folder(data_home), quota=quota)
    accounts = None if args.auth is None else Accounts(args.auth)
    if accounts is not None and not accounts.names():
        raise AccountError(f"No user is in {args.auth}; add one with --add-user NAME.")
    reader = Reader.load(
        args.model, bits=args.bits, device=args.device, ratio=args.ratio, shelf=shelf
    )
    ended = _signals()
    _ask_ourselves_directly(args.host)
    with Desk(originals=True) as desk:
        library = Library(reader, desk, accounts, Limits(upload_bytes=int(args.max_upload * 2**20)))
        library.resume()
        page = launch(
            library,
            server_name=args.host,
            server_port=args.port or free_port(args.host),
            inbrowser=args.open,
        )
        terminal.say(f"Beacon QA is at {page.local_url} (Ctrl-C ends it)")
        ended.wait()
        terminal.say("Ending; what was read is kept.")
        page.close(verbose=False)
    return 0


def free_port(host: str) -> int:
    """A port of an address that nobody listens at now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _ask_ourselves_directly(host: str) -> None:
    """Keep proxies out of gradio's way, which asks the server it has started if it is there."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    direct = ",".join(filter(None, (known, "localhost", host)))
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = direct


def _signals() -> Event:
    """An event that is set when the program is told to end."""
    ended = Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    return ended


def _add_user(args: argparse.Namespace, terminal: Terminal) -> int:
    if args.auth is None:
        raise AccountError("--add-user needs --auth FILE, the file of users to add to.")
    password = getpass.getpass(f"Password for {args.add_user}: ")
    if getpass.getpass("The same again: ") != password:
        raise AccountError("The two passwords differ; nothing was changed.")
    Accounts(args.auth).add(args.add_user, password)
    terminal.say(f"{args.add_user} may log in.")
    return 0
