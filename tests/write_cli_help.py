"""The help texts in docs/cli.md, generated: `python -m tests.write_cli_help` writes them anew.

A block stands between two marks, the first of which names the command:

    <!-- help: shelf list -->
    ...
    <!-- end of help -->
"""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from pathlib import Path

from beacon_qa.cli import main as beacon_qa

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_BLOCK = re.compile(r"(<!-- help:([\w ]*)-->\n).*?(<!-- end of help -->)", re.DOTALL)


def help_text(command: str) -> str:
    """What `beacon-qa COMMAND --help` prints on a terminal of 80 columns."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            beacon_qa([*command.split(), "--help"])
    except SystemExit:
        pass
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return out.getvalue()


def commands_in(page: str) -> list[str]:
    """The commands whose help a page shows; the empty one is beacon-qa itself."""
    return [found[2].strip() for found in _BLOCK.finditer(page)]


def refreshed(page: str) -> str:
    """The page with every help block as the program prints it now."""
    return _BLOCK.sub(lambda m: f"{m[1]}```text\n{help_text(m[2])}```\n{m[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
