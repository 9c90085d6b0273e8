"""Make raw text fit for a model, and remember where each character came from.

Knows characters and line ends: normal form, white space, control characters, broken lines.
Knows nothing of formats. Which line ends go is decided in `wrapping`, which running headers go
in `furniture`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate

from beacon_qa.documents.furniture import running_lines
from beacon_qa.documents.offsets import OffsetMap, TracedText
from beacon_qa.documents.raw import Lines, RawPage
from beacon_qa.documents.wrapping import Joint, Line, joints

_SPACE = " \t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
# Characters that show nothing: control codes, soft hyphens, zero-width and direction marks,
# unpaired surrogates, and the invisible "tag" letters that can hide words from the reader's eye.
_UNSEEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_ODD = re.compile(
    f"(?P<leader>(?: ?\\.){{8,}})|(?P<ligature>[\ufb00-\ufb06])"
    f"|(?! [^{_SPACE}{_UNSEEN}])(?P<gap>[{_SPACE}{_UNSEEN}]+)"
)
_FIRST_SPACE = re.compile(f"[{_SPACE}]")
_MARGIN = re.compile(f"[{_SPACE}{_UNSEEN}]*")


def clean(pages: Sequence[RawPage], lines: Lines) -> tuple[str, OffsetMap]:
    """Return the cleaned text of all pages and the map from it back to them.

    The map's raw positions count over the pages joined end to end.
    """
    raw = "".join(page.text for page in pages)
    starts = list(accumulate((len(page.text) for page in pages), initial=0))[:-1]
    kept = list(_lines_of(raw))
    if lines is Lines.TYPESET:
        furniture = running_lines(kept, starts, [page.label for page in pages])
        kept = [line for index, line in enumerate(kept) if index not in furniture]
    kept = _without_outer_blanks(kept)
    out = TracedText()
    for line, joint in zip(kept, joints(kept, lines), strict=True):
        end = line.end - 1 if joint is Joint.UNHYPHENATED else line.end
        _write_line(out, raw[line.start : end], line.start)
        _write_separator(out, joint.separator, raw, line.end)
    return out.finish(starts)


def clean_label(text: str, longest: int = 200) -> str:
    """Return a title or label as one line of at most `longest` characters."""
    out = TracedText()
    for line in _lines_of(text[: 10 * longest]):
        _write_line(out, text[line.start : line.end], line.start)
        out.replace(" ", line.end)
    label = " ".join(out.finish(())[0].split())
    return label if len(label) <= longest else label[: longest - 1].rstrip() + "…"


def _lines_of(raw: str) -> Iterator[Line]:
    start = 0
    for stop, after in _line_ends(raw):
        margin = _MARGIN.match(raw, start, stop)
        first = margin.end() if margin else start
        junk = _junk_at_end(raw, first, stop)
        soft = "\xad" in raw[junk:stop]
        yield Line(first, junk, raw[first:junk], indented=first - start > 1, soft_hyphen=soft)
        start = after


def _line_ends(raw: str) -> Iterator[tuple[int, int]]:
    last = 0
    for match in _LINE_END.finditer(raw):
        yield match.start(), match.end()
        last = match.end()
    if last < len(raw):
        yield len(raw), len(raw)


def _junk_at_end(raw: str, first: int, stop: int) -> int:
    # A search from the left tries every gap of the line; looking from the right is quicker.
    while stop > first and _MARGIN.fullmatch(raw, stop - 1, stop):
        stop -= 1
    return stop


def _without_outer_blanks(lines: list[Line]) -> list[Line]:
    """Drop blank lines at both ends and all but one of neighbouring blanks."""
    kept: list[Line] = []
    for line in lines:
        if line.text or (kept and kept[-1].text):
            kept.append(line)
    while kept and not kept[-1].text:
        kept.pop()
    return kept


def _write_separator(out: TracedText, separator: str, raw: str, at: int) -> None:
    there = raw[at : at + len(separator)]
    if len(there) == len(separator) and there.isspace():
        out.copy(separator, at)
    else:
        out.replace(separator, min(at, len(raw) - 1))


def _write_line(out: TracedText, text: str, raw: int) -> None:
    if not unicodedata.is_normalized("NFC", text):
        _write_composed(out, text, raw)
        return
    done = 0
    for odd in _ODD.finditer(text):
        out.copy(text[done : odd.start()], raw + done)
        _write_odd(out, odd, raw)
        done = odd.end()
    out.copy(text[done:], raw + done)


def _write_odd(out: TracedText, odd: re.Match[str], raw: int) -> None:
    if odd["ligature"]:
        out.replace(unicodedata.normalize("NFKC", odd["ligature"]), raw + odd.start())
        return
    if odd["leader"]:
        # The dots that lead the eye to a page number tell a model nothing: three are enough.
        dots = [at for at, mark in enumerate(odd["leader"]) if mark == "."]
        for at in dots[:3]:
            out.copy(".", raw + odd.start() + at)
        return
    space = _FIRST_SPACE.search(odd["gap"])
    if space:
        out.copy(" ", raw + odd.start() + space.start())


def _write_composed(out: TracedText, text: str, raw: int) -> None:
    """Write text that is not in normal form, one base letter with its marks at a time."""
    spaced = False
    for start, end in _clusters(text):
        cluster = text[start:end]
        if _MARGIN.fullmatch(cluster):
            if _FIRST_SPACE.search(cluster) and not spaced:
                out.copy(" ", raw + start)
                spaced = True
            continue
        spaced = False
        composed = unicodedata.normalize("NFC", cluster)
        if composed == cluster:
            _write_line(out, cluster, raw + start)
        else:
            out.replace(composed, raw + start)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _continues(text[index]):
            yield start, index
            start = index


def _continues(character: str) -> bool:
    # Korean vowels and final consonants join the syllable before them without being marks.
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"
