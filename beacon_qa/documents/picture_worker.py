"""The drawing process: one page of a PDF in, its picture with a passage marked out.

Knows pypdfium2 and Pillow. It is started by `pictures` under the limits of the parsing process.
The answer is a line of JSON with the picture's size and the marked boxes, then the PNG.

A passage is found by its letters and digits alone: between the file's words, as pdfium reads
them, and those of the document, white space, hyphens and marks differ most.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from beacon_qa.documents.raw import Limits
from beacon_qa.documents.worker import work
from beacon_qa.errors import DamagedFile, PasswordNeeded

_MOST_PIXELS = 3_000_000
_MOST_CHARACTERS = 100_000
_PIECE = 12
"""Letters of the smallest piece in which a passage is looked for when it is not there whole."""

_YELLOW = (255, 236, 130)
_MARGIN = 2


def main() -> None:
    """Draw one page."""
    work(_draw)


def _draw(data: bytes, job: dict[str, Any], limits: Limits) -> bytes:
    # Loaded here: under the limits that are set by now.
    import pypdfium2
    from PIL import Image, ImageChops, ImageDraw

    with _opened(pypdfium2, job) as pdf:
        if not 1 <= job["page"] <= len(pdf):
            raise DamagedFile(
                f"“{job['name']}” has {len(pdf)} pages and no page {job['page']}; choose another."
            )
        page = pdf[job["page"] - 1]
        width, height = page.get_size()
        scale = min(job["width"] / width, math.sqrt(_MOST_PIXELS / (width * height)))
        bitmap = page.render(scale=scale, may_draw_forms=False)
        image = bitmap.to_pil().convert("RGB")
        boxes = list(_boxes(page, bitmap, job["passage"], job["before"]))
    marks = Image.new("RGB", image.size, "white")
    for box in boxes:
        ImageDraw.Draw(marks).rectangle(box, fill=_YELLOW)
    out = BytesIO()
    ImageChops.multiply(image, marks).save(out, "PNG")
    facts = {"width": image.width, "height": image.height, "boxes": boxes}
    return json.dumps(facts).encode() + b"\n" + out.getvalue()


def _opened(pypdfium2: Any, job: dict[str, Any]) -> Any:
    try:
        return pypdfium2.PdfDocument(job["path"], password=job["password"])
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise PasswordNeeded(
                f"“{job['name']}” is encrypted, so its pages cannot be drawn; read its text."
            ) from error
        raise


def _boxes(
    page: Any, bitmap: Any, passage: str, before: str
) -> Iterator[tuple[int, int, int, int]]:
    """The boxes, a line of text each, of the passage's words in the picture."""
    wanted, _ = _letters(passage)
    if not wanted:
        return
    text = page.get_textpage()
    characters = _characters(text)
    on_page, places = _letters(characters)
    position = bitmap.get_posconv(page)
    for start, end in _found(on_page, wanted, len(_letters(before)[0])):
        first, last = _whole_words(characters, places[start], places[end - 1])
        for index in range(text.count_rects(first, last - first + 1)):
            left, bottom, right, top = text.get_rect(index)
            x0, y0 = position.to_bitmap(left, top)
            x1, y1 = position.to_bitmap(right, bottom)
            (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
            if x1 > x0 and y1 > y0:
                yield x0 - _MARGIN, y0 - _MARGIN, x1 + _MARGIN, y1 + _MARGIN


def _characters(text: Any) -> str:
    """One character for each that pdfium counts on the page."""
    import pypdfium2.raw as pdfium

    count = min(text.count_chars(), _MOST_CHARACTERS)
    return "".join(chr(min(pdfium.FPDFText_GetUnicode(text, at), 0x10FFFF)) for at in range(count))


def _whole_words(characters: str, first: int, last: int) -> tuple[int, int]:
    """The first and last character, moved out to where their words begin and end."""
    while first > 0 and characters[first - 1].isalnum():
        first -= 1
    while last + 1 < len(characters) and characters[last + 1].isalnum():
        last += 1
    return first, last


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text, without case and accents, and where each stood."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if letter.isalnum():
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


def _found(on_page: str, wanted: str, expected: int) -> list[tuple[int, int]]:
    """Where the letters stand, in order of the page: whole, or in pieces if most are there."""
    spans = sorted(_pieces(on_page, wanted, expected))
    share = sum(end - start for start, end in spans) / len(wanted)
    return _joined(spans) if share >= 0.5 else []


def _pieces(on_page: str, wanted: str, expected: int) -> Iterator[tuple[int, int]]:
    """The letters as a whole, nearest to where they are expected, or else each half of them."""
    at = _nearest(on_page, wanted, expected)
    if at >= 0:
        yield at, at + len(wanted)
    elif len(wanted) >= 2 * _PIECE:
        half = len(wanted) // 2
        yield from _pieces(on_page, wanted[:half], expected)
        yield from _pieces(on_page, wanted[half:], expected + half)


def _nearest(on_page: str, wanted: str, expected: int) -> int:
    """Where the letters stand nearest to a place, -1 for nowhere."""
    before = on_page.rfind(wanted, 0, expected + len(wanted))
    after = on_page.find(wanted, expected)
    if before < 0 or after < 0:
        return max(before, after)
    return before if expected - before < after - expected else after


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, with those joined between which less than a piece was left out."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < _PIECE:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


if __name__ == "__main__":
    main()
