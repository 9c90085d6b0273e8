from __future__ import annotations

from document_files import PROSE, read

BODY = " ".join(PROSE) + "\n\n" + " ".join(reversed(PROSE))


def labels(text: str) -> list[str]:
    document = read(text.encode(), "book.txt")
    for chapter in document.chapters:
        assert document.text[chapter.start].strip()
    for chapter, following in zip(document.chapters, document.chapters[1:], strict=False):
        assert chapter.end == following.start
    return [chapter.label for chapter in document.chapters]


def test_announced_chapters_are_found_with_their_titles() -> None:
    text = (
        f"CHAPTER I\n\nThe First Boat\n\n{BODY}\n\nCHAPTER II.\n\n{BODY}\n\n"
        f"Chapter 3: The Last Boat\n\n{BODY}\n\nCHAPTER. IV\n\n{BODY}\n\nEPILOGUE\n\n{BODY}"
    )
    assert labels(text) == [
        "CHAPTER I. The First Boat",
        "CHAPTER II.",
        "Chapter 3: The Last Boat",
        "CHAPTER. IV",
        "EPILOGUE",
    ]


def test_chapters_that_count_again_in_each_book_name_their_book() -> None:
    text = "\n\n".join(
        f"BOOK THE {book}\n\nCHAPTER THE FIRST\n\n{BODY}\n\nCHAPTER THE SECOND\n\n{BODY}"
        for book in ("FIRST", "SECOND")
    )
    assert labels(text) == [
        "BOOK THE FIRST, CHAPTER THE FIRST",
        "BOOK THE FIRST, CHAPTER THE SECOND",
        "BOOK THE SECOND, CHAPTER THE FIRST",
        "BOOK THE SECOND, CHAPTER THE SECOND",
    ]


def test_numbered_headings_count_up_through_the_text() -> None:
    text = "\n\n".join(f"{n}. Boat Number {n}\n\n{BODY}" for n in range(1, 5))
    assert labels(text) == [f"{n}. Boat Number {n}" for n in range(1, 5)]
    bare = "\n\n".join(f"{n}.\n\n{BODY}" for n in range(1, 5))
    assert labels(bare) == ["1.", "2.", "3.", "4."]


def test_a_numbered_list_is_no_table_of_chapters() -> None:
    items = "\n".join(f"{n}. Baskets of herring" for n in range(1, 9))
    assert labels(f"{BODY}\n\n{items}\n\n{BODY}") == []


def test_a_table_of_contents_is_not_taken_for_the_chapters() -> None:
    contents = "\n".join(f"CHAPTER {n}" for n in ("I", "II", "III"))
    chapters = "\n\n".join(f"CHAPTER {n}\n\n{BODY}" for n in ("I", "II", "III"))
    text = f"Contents\n\n{contents}\n\n{chapters}"
    document = read(text.encode(), "book.txt")
    assert [chapter.label for chapter in document.chapters] == [
        "CHAPTER I",
        "CHAPTER II",
        "CHAPTER III",
    ]
    assert document.chapters[0].start > document.text.index("CHAPTER III")


def test_sentences_about_chapters_are_no_headings() -> None:
    text = f"{BODY}\n\nChapter 5 was the one she read.\n\nPart one of the plan failed.\n\n{BODY}"
    assert labels(text) == []


def test_a_place_before_the_first_chapter_is_in_none() -> None:
    document = read(f"{BODY}\n\nCHAPTER I\n\n{BODY}\n\nCHAPTER II\n\n{BODY}".encode(), "b.txt")
    first = document.chapters[0]
    assert document.chapter_at(0) is None
    assert document.chapter_at(first.start) == first
    assert document.chapter_at(len(document.text) - 1) == document.chapters[-1]
    assert document.page_at(0) is None
