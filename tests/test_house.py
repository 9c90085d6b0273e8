"""The house plan, held by reading the imports: which room may know which."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import beacon_qa

ROOT = Path(beacon_qa.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

ONLY_IN = {
    "transformers": ("beacon", "training"),
    "torch": ("beacon", "training", "evaluation", "commands", "lane.py", "machine"),
    "gradio": (),
    "langchain_core": ("langchain",),
    "bitsandbytes": (),
    "pypdf": ("documents",),
    "pypdfium2": ("documents",),
    "fastapi": ("server",),
    "ray": ("cluster",),
}
"""Libraries, and the rooms of the package that may import them."""

BELOW = {
    "errors.py": set(),
    "beacon": {"errors"},
    "documents": {"errors"},
    "prompts.py": {"plaintext", "sentence", "spelling", "template"},
    "sentence.py": set(),
    "spelling.py": set(),
    "template.py": {"errors"},
    "shelf": {"documents", "errors"},
    "quotes": {"documents"},
}
"""What the lower rooms may import of the package, besides themselves."""


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_known_only_in_its_rooms(library: str) -> None:
    users = {
        room(path)
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users <= set(ONLY_IN[library])


@pytest.mark.parametrize("low", BELOW)
def test_lower_rooms_do_not_know_the_upper_ones(low: str) -> None:
    files = [path for path in MODULES if room(path) == low]
    known = {
        name.split(".")[1]
        for path in files
        for name in imports(path)
        if name.startswith("beacon_qa.")
    }
    assert files
    assert known - {low.removesuffix(".py")} <= BELOW[low]


def test_the_reader_of_imports_sees_them() -> None:
    assert "torch" in imports(ROOT / "beacon" / "model.py")


def test_public_names_are_there_and_no_others() -> None:
    assert all(hasattr(beacon_qa, name) for name in beacon_qa.__all__)
    with pytest.raises(AttributeError):
        beacon_qa.nothing  # noqa: B018


def test_importing_the_package_loads_no_model_library() -> None:
    code = "import sys, beacon_qa, beacon_qa.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
