"""Turn bytes into text when nobody says in which encoding they are, or says it wrongly.

Knows byte order marks, UTF-8, UTF-16, and how plausible a text looks when read in each of the
common one-byte encodings. Knows nothing of formats.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import islice

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ONE_BYTE = (
    "cp1252", "mac_roman", "cp1250", "iso8859_2", "cp1255", "cp1251", "koi8_r", "cp866", "cp1253",
    "cp1254", "cp850", "iso8859_5", "mac_cyrillic", "cp1256",
)  # fmt: skip
_JAPANESE = ("cp932", "euc_jp")
_SAMPLE = 65_536
_MOST_LETTERS = 4_000
_GOOD_ENOUGH = 0.45
_UTF8_PIECE = re.compile(
    rb"[\x00-\x7f]+"
    rb"|(?P<valid>(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+)"
    rb"|(?P<stray>[\x80-\xff])"
)


def decode(data: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """Return the text and, where the encoding was guessed or mended, a sentence that says so."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), None
    wide = _utf16_without_mark(data)
    if wide:
        return data.decode(wide, errors="replace"), f"The encoding was guessed: {wide}."
    for strict in ("utf-8", _known(declared)):
        try:
            if strict:
                return data.decode(strict), None
        except (UnicodeDecodeError, LookupError):
            continue
    return _mixed(data) or _guessed(data)


def _known(declared: str | None) -> str | None:
    """Return the codec for a declared name; Latin-1 and ASCII mean Windows-1252 in practice."""
    try:
        name = codecs.lookup((declared or "").strip().lower()).name
    except (LookupError, ValueError):
        return None
    if name.startswith(("utf-16", "utf-32")) or name in {"utf-7", "idna", "punycode"}:
        return None
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:_SAMPLE]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2], sample[1::2]
    # In most scripts the upper byte is one of two or three values, and zero at every space.
    for high, low, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        zeros = high.count(0)
        if zeros >= 0.1 * len(high) and low.count(0) <= 0.01 * len(low):
            try:
                text = sample.decode(encoding, errors="ignore")
            except UnicodeDecodeError:
                continue
            if sum(c.isprintable() or c.isspace() for c in text) >= 0.95 * len(text):
                return encoding
    return None


def _mixed(data: bytes) -> tuple[str, str] | None:
    """Read UTF-8 with stray Windows-1252 bytes in it, as texts pasted together have."""
    pieces = list(_UTF8_PIECE.finditer(data))
    valid = sum(len(piece["valid"]) for piece in pieces if piece["valid"])
    stray = sum(1 for piece in pieces if piece["stray"])
    if valid < 3 or valid < stray:
        return None
    text = "".join(
        piece[0].decode("cp1252" if piece["stray"] else "utf-8", errors="replace")
        for piece in pieces
    )
    return text, f"The text is UTF-8 with {stray:,} stray bytes, which were read as cp1252."


def _guessed(data: bytes) -> tuple[str, str]:
    encoding = _plausible(data[:_SAMPLE]) or "cp1252"
    try:
        text = data.decode(encoding)
        lost = 0
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
        lost = text.count("\ufffd")
    unread = f" {lost:,} characters could not be read." if lost else ""
    return text, f"The encoding was guessed: {encoding}.{unread}"


def _plausible(sample: bytes) -> str | None:
    for encoding in _JAPANESE:
        text = sample.decode(encoding, errors="ignore")
        foreign = [c for c in text if ord(c) > 127]
        kana = sum("\u3041" <= c <= "\u30ff" for c in foreign)
        if foreign and kana > 0.25 * len(foreign) and _strictly(sample, encoding):
            return encoding
    scores = {encoding: _score(sample, encoding) for encoding in _ONE_BYTE}
    best = max(scores, key=lambda encoding: scores[encoding])
    if scores[best] >= _GOOD_ENOUGH:
        return best
    found = from_bytes(sample).best()
    return found.encoding if found else best


def _strictly(sample: bytes, encoding: str) -> bool:
    # The sample may end in the middle of a character.
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _score(sample: bytes, encoding: str) -> float:
    """Return how well the non-ASCII characters fit their neighbours: 1 is good, below 0 is bad."""
    text = f" {sample.decode(encoding, errors='replace')} "
    places = list(islice((i for i, c in enumerate(text) if ord(c) > 127), _MOST_LETTERS))
    if not places:
        return 0.0
    return sum(_fit(text[i - 1], text[i], text[i + 1]) for i in places) / len(places)


def _fit(before: str, character: str, after: str) -> float:
    if character == "\ufffd" or unicodedata.category(character) in {"Cc", "Cn", "Co"}:
        return -3.0
    if character.isalpha():
        return _letter_fit(before, character, after)
    if character in "’'" and before.isalpha():
        return 1.2
    if character in "“‘„«—–…”»\xa0":
        inside = before.isalpha() and after.isalpha() and character not in "—–"
        return -1.0 if inside else 1.2
    if character in "¿¡" and after.isalpha() and not before.isalpha():
        return 1.2
    return -1.5 if before.isalpha() and after.isalpha() else -0.3


def _letter_fit(before: str, character: str, after: str) -> float:
    if character.isupper() and before.islower():
        return -2.0
    neighbours = [c for c in (before, after) if c.isalpha()]
    if not neighbours:
        return -0.3
    script = unicodedata.name(character, "?").split()[0]
    same = all(unicodedata.name(c, "?").split()[0] == script for c in neighbours)
    if not same:
        return -1.5
    if script == "LATIN" and any(ord(c) > 127 for c in neighbours):
        return -0.7
    # Icelandic in one encoding is Turkish in another, and there are more Turkish books.
    icelandic = 0.4 if character in "ðþý" else 0.0
    return (0.4 if character.isupper() else 1.0) - icelandic
