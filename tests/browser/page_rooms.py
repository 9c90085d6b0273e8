"""The page as a person sees it: the shelf, the conversation, the evidence.

Knows where things are on the page and how they are clicked; waits for what must come, and never
for a time. Knows nothing of what the program does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
PATIENCE = 60.0

_NOT_YET = (
    StaleElementReferenceException,
    NoSuchElementException,
    ElementClickInterceptedException,
    ElementNotInteractableException,
)

T = TypeVar("T")


class Room:
    """A part of the page, found by a selector."""

    selector = "body"

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    @property
    def text(self) -> str:
        """The words that are shown, without the marks that set a title's direction apart."""
        told = self.script("return document.querySelector(arguments[0])?.innerText ?? ''")
        return str(told).replace("\u2068", "").replace("\u2069", "")

    def script(self, code: str) -> Any:
        """Run a script with the room's selector as its argument."""
        return self.browser.execute_script(code, self.selector)

    def find(self, css: str) -> WebElement:
        """The first element of the room that a selector finds."""
        return self.browser.find_element(By.CSS_SELECTOR, f"{self.selector} {css}")

    def all(self, css: str) -> list[WebElement]:
        """All elements of the room that a selector finds."""
        return self.browser.find_elements(By.CSS_SELECTOR, f"{self.selector} {css}")

    def until(self, what: Callable[[], T], sentence: str = "") -> T:
        """Wait until something is so, and return it; `sentence` says what was waited for."""
        waiting = WebDriverWait(self.browser, PATIENCE, 0.05, ignored_exceptions=_NOT_YET)
        return waiting.until(lambda _: what(), sentence)

    def says(self, words: str) -> str:
        """Wait until words are shown; returns all words of the room."""
        self.until(lambda: words in self.text, f"“{words}” in {self.selector}")
        return self.text

    def click(self, css: str) -> None:
        """Click as soon as it can be clicked."""

        def clicked() -> bool:
            self.find(css).click()
            return True

        self.until(clicked, f"{self.selector} {css}")

    def type(self, css: str, words: str) -> None:
        """Replace what is in a field."""

        def typed() -> bool:
            field = self.find(css)
            field.clear()
            field.send_keys(words)
            return field.get_attribute("value") == words

        self.until(typed, f"{self.selector} {css}")

    def choose(self, css: str, option: str) -> None:
        """Choose what has these words in a field that unfolds its choices."""

        def chosen() -> bool:
            choices = self.browser.find_elements(By.CSS_SELECTOR, "[role=option]")
            if not choices:
                self.find(f"{css} input").click()
            fitting = [choice for choice in choices if option in choice.text]
            if fitting:
                fitting[0].click()
            return bool(fitting)

        self.until(chosen, f"{option} in {css}")
        self.until(lambda: option in (self.find(f"{css} input").get_attribute("value") or ""))


class ShelfRoom(Room):
    """Where books are dropped and chosen."""

    selector = "#shelf-column"

    def drop(self, *files: Path) -> None:
        """Hand files in, as the file dialog does."""
        paths = "\n".join(map(str, files))

        def handed() -> bool:
            self.find("#drop input[type=file]").send_keys(paths)
            return True

        self.until(handed, "the place to drop files")

    def card(self, title: str) -> str:
        """The words on a book's card, "" where there is none."""
        cards = self.script(
            "return [...document.querySelectorAll(arguments[0] + ' .book')].map(b => b.innerText)"
        )
        return next((str(card) for card in cards if title in card), "")

    def wait_for(self, title: str, *words: str) -> str:
        """Wait until a book's card says one of these; returns what it says."""

        def said() -> str:
            card = self.card(title)
            return card if any(word in card for word in words) else ""

        return self.until(said, f"{' or '.join(words)} on the card of {title}")

    def act(self, title: str, action: str) -> None:
        """Click one of a book's buttons: open, cancel, resume, delete."""
        self.click(f'[data-do="{action}"]:is([data-title="{title}"], .book-title)')

    def open(self, title: str) -> None:
        """Choose a book."""

        def opened() -> bool:
            books = [book for book in self.all("button.book-title") if book.text == title]
            books[0].click()
            return True

        self.until(lambda: self.card(title))
        self.until(opened, f"the title of {title}")


class TalkRoom(Room):
    """Questions and answers."""

    selector = "#talk-column"

    def ask(self, question: str) -> None:
        """Type a question and press Enter, and wait until it stands in the conversation."""
        before = len(self.questions)
        self.until(lambda: self.find("#question textarea").is_enabled())
        self.until(lambda: self.all("#question .submit-button"), "the button to ask")
        self.type("#question textarea", question)
        self.find("#question textarea").send_keys(Keys.ENTER)
        self.until(lambda: len(self.questions) > before, "the question")

    @property
    def questions(self) -> list[str]:
        """The questions on show."""
        return self._bubbles("user")

    @property
    def answers(self) -> list[str]:
        """The answers on show, what stands in small under them left out."""
        return self._bubbles("bot")

    def told(self) -> str:
        """Wait until every question is answered and the page rests; returns the last small line.

        In this order: before the answer begins, the button to ask is still there.
        """
        self.until(lambda: len(self._lines()) >= len(self.questions) > 0, "a line for each answer")
        self.until(lambda: self.all("#question .submit-button"), "the end of the answer")
        return self._lines()[-1]

    def _bubbles(self, who: str) -> list[str]:
        code = (
            "return [...document.querySelectorAll(`#chat [data-testid=${'WHO'}]`)]"
            ".filter(b => !b.closest('.thought') && !b.querySelector('.thought-group'))"
            ".map(b => b.innerText.trim())"
        )
        return [str(words) for words in self.script(code.replace("WHO", who))]

    def _lines(self) -> list[str]:
        code = "return [...document.querySelectorAll('#chat .thought-group .title')]"
        return [str(words) for words in self.script(f"{code}.map(t => t.innerText.trim())")]


class EvidenceRoom(Room):
    """What an answer rests on, and the page that was opened."""

    selector = "#evidence-column"


class Page:
    """The whole page in one browser."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        self.address = address
        self.body = Room(browser)
        self.shelf = ShelfRoom(browser)
        self.talk = TalkRoom(browser)
        self.evidence = EvidenceRoom(browser)

    def open(self) -> Page:
        """Go to the page, and wait until the shelf is shown."""
        self.browser.get(self.address)
        self.shelf.until(lambda: self.shelf.all(".shelf-room"), "the shelf")
        return self

    def refresh(self) -> None:
        """Load the page again, as F5 does."""
        self.browser.refresh()
        self.shelf.until(lambda: self.shelf.all(".shelf-room"), "the shelf")

    def picture(self, name: str) -> None:
        """Keep a picture of what is shown, to be looked at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(PICTURES / f"{name}.png"))
