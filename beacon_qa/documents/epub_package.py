"""Read what an EPUB says about itself: metadata, reading order, table of contents, protection.

Knows the container, package, navigation and encryption files. Knows nothing of the text.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from beacon_qa.documents.archive import Archive
from beacon_qa.documents.markup import attribute, local_name, parse_xml
from beacon_qa.errors import DamagedFile, UnsupportedFormat

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONT_DISGUISES = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the book: its path in the zip and its media type."""

    path: str
    media_type: str
    properties: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents: where it points to, level 1 topmost."""

    label: str
    path: str
    fragment: str
    level: int


@dataclass(frozen=True, slots=True)
class Package:
    """An EPUB's metadata, its files in reading order, and its table of contents."""

    title: str | None
    author: str | None
    language: str | None
    spine: tuple[Item, ...]
    contents: tuple[Entry, ...]


def read_package(archive: Archive) -> Package:
    """Read the package of an opened EPUB. Raises DamagedFile, or UnsupportedFormat for DRM."""
    path = _package_path(archive)
    root = parse_xml(archive.read(path), f"The package file of “{archive.name}”")
    items = _manifest(root, posixpath.dirname(path))
    spine_node = next((n for n in root.iter() if local_name(n) == "spine"), None)
    references = [] if spine_node is None else [attribute(n, "idref") for n in spine_node]
    spine = tuple(items[reference] for reference in references if reference in items)
    _refuse_protected(archive, {item.path for item in spine})
    toc = items.get(attribute(spine_node, "toc")) if spine_node is not None else None
    return Package(
        title=_metadata(root, "title"),
        author=_metadata(root, "creator"),
        language=_metadata(root, "language"),
        spine=spine,
        contents=tuple(_contents(archive, list(items.values()), toc)),
    )


def resolve(base: str, reference: str) -> tuple[str, str]:
    """Return the path inside the zip, and the fragment, that a link in the file `base` means."""
    link = urlsplit(reference)
    if link.scheme or link.netloc:
        return "", ""
    path = unquote(link.path)
    joined = path.lstrip("/") if path.startswith("/") else posixpath.join(base, path)
    return posixpath.normpath(joined), unquote(link.fragment)


def _package_path(archive: Archive) -> str:
    if _CONTAINER not in archive.members:
        found = next((member for member in archive.members if member.endswith(".opf")), None)
        if found:
            return found
    root = parse_xml(archive.read(_CONTAINER), f"The container file of “{archive.name}”")
    for node in root.iter():
        if local_name(node) == "rootfile" and attribute(node, "full-path"):
            return posixpath.normpath(unquote(attribute(node, "full-path")))
    raise DamagedFile(f"“{archive.name}” names no package file; it is not a whole EPUB.")


def _manifest(root: Any, folder: str) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for node in root.iter():
        if local_name(node) == "item":
            path, _ = resolve(folder, attribute(node, "href"))
            kind = attribute(node, "media-type").lower()
            items[attribute(node, "id")] = Item(path, kind, attribute(node, "properties"))
    return items


def _metadata(root: Any, name: str) -> str | None:
    for node in root.iter():
        if local_name(node) == name and node.text and node.text.strip():
            return str(node.text.strip())
    return None


def _refuse_protected(archive: Archive, spine: set[str]) -> None:
    if _ENCRYPTION not in archive.members:
        return
    root = parse_xml(archive.read(_ENCRYPTION), f"The encryption file of “{archive.name}”")
    for data in (n for n in root.iter() if local_name(n) == "encrypteddata"):
        methods = [n for n in data.iter() if local_name(n) == "encryptionmethod"]
        targets = [n for n in data.iter() if local_name(n) == "cipherreference"]
        disguised = any(attribute(n, "algorithm") in _FONT_DISGUISES for n in methods)
        paths = {unquote(attribute(n, "uri")) for n in targets}
        if not disguised and paths & spine:
            raise UnsupportedFormat(
                f"“{archive.name}” is protected by digital rights management (DRM) and its text "
                "cannot be read; use a copy without protection."
            )


def _contents(archive: Archive, items: list[Item], toc: Item | None) -> Iterator[Entry]:
    nav = next((item for item in items if "nav" in item.properties.split()), None)
    ncx = toc or next((item for item in items if item.media_type.endswith("ncx+xml")), None)
    for item, read in ((nav, _nav_entries), (ncx, _ncx_entries)):
        try:
            found = list(read(archive, item)) if item else []
        except DamagedFile:
            continue
        if found:
            yield from found
            return


def _nav_entries(archive: Archive, item: Item) -> Iterator[Entry]:
    root = parse_xml(archive.read(item.path), "The navigation file")
    folder = posixpath.dirname(item.path)
    for nav in (n for n in root.iter() if local_name(n) == "nav"):
        if attribute(nav, "type") not in {"toc", ""}:
            continue
        for link in (n for n in nav.iter() if local_name(n) == "a"):
            level = sum(local_name(above) == "ol" for above in link.iterancestors())
            yield _entry(folder, "".join(link.itertext()), attribute(link, "href"), level)
        return


def _ncx_entries(archive: Archive, item: Item) -> Iterator[Entry]:
    root = parse_xml(archive.read(item.path), "The navigation file")
    folder = posixpath.dirname(item.path)
    for point in (n for n in root.iter() if local_name(n) == "navpoint"):
        label = next((n for n in point if local_name(n) == "navlabel"), None)
        content = next((n for n in point if local_name(n) == "content"), None)
        if label is not None and content is not None:
            level = 1 + sum(local_name(above) == "navpoint" for above in point.iterancestors())
            yield _entry(folder, "".join(label.itertext()), attribute(content, "src"), level)


def _entry(folder: str, label: str, reference: str, level: int) -> Entry:
    path, fragment = resolve(folder, reference)
    return Entry(" ".join(label.split()), path, fragment, min(level, _DEEPEST))
