"""In a real browser: by night, on a phone, and with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_books import HARBOUR, QUESTION
from page_rooms import Page
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("harbour")]

_BRIGHTNESS = """
const seen = (name) => {
  const [r, g, b] = getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);
  return 0.3 * r + 0.59 * g + 0.11 * b;
};
return [seen('backgroundColor'), seen('color')];
"""
"""How bright ground and ink are, 0 to 255."""

_SIDEWAYS = """
const wide = document.documentElement.clientWidth;
return [...document.querySelectorAll('#columns button, #columns p, #columns .block, #columns img')]
  .filter((e) => e.offsetParent && e.getBoundingClientRect().right > wide + 1)
  .filter((e) => !e.closest('.only-heard, .page-scroll, .tab-container, .overflow-menu'))
  .map((e) => `${e.tagName}#${e.id}.${e.className}`.slice(0, 80));
"""
"""What stands out to the right of the screen."""


@pytest.fixture
def night(browser: webdriver.Chrome) -> Iterator[None]:
    """A browser whose user likes it dark."""
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    yield
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def talk_about_harbour(page: Page) -> None:
    page.shelf.open(HARBOUR)
    page.talk.says(f"{HARBOUR}: 5 of 5 pages")
    page.talk.ask(QUESTION)
    page.talk.told()
    page.evidence.click(".passage")
    page.evidence.until(lambda: page.evidence.all("#page img.page-picture"))


def test_by_day_the_page_is_light(page: Page) -> None:
    ground, ink = page.body.script(_BRIGHTNESS)
    assert ground > 220
    assert ink < 80
    talk_about_harbour(page)
    page.picture("light")


def test_by_night_the_page_is_dark(night: None, page: Page) -> None:
    ground, ink = page.body.script(_BRIGHTNESS)
    assert ground < 60
    assert ink > 180
    talk_about_harbour(page)
    page.picture("dark")


def test_on_a_phone_nothing_stands_out_sideways(page: Page, browser: webdriver.Chrome) -> None:
    seen = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", seen)
    page.open()
    talk_about_harbour(page)
    for tab in ("Conversation", "Summary", "Settings"):
        page.body.script("window.scrollTo(0, 0)")
        choose_tab(page, tab)
        page.picture(f"phone-{tab.lower()}")
        assert page.body.script("return [innerWidth, document.documentElement.scrollWidth]") == [
            360,
            360,
        ]
        assert page.body.script(_SIDEWAYS) == []
    page.evidence.script("document.querySelector('#page').scrollIntoView()")
    page.picture("phone-evidence")


def choose_tab(page: Page, name: str) -> None:
    """Choose a tab, and wait until it is the one on show."""

    def chosen() -> bool:
        tabs = [tab for tab in page.body.all("#tabs button[role=tab]") if tab.is_displayed()]
        tab = next(tab for tab in tabs if tab.text == name)
        tab.click()
        return tab.get_attribute("aria-selected") == "true"

    page.body.until(chosen, f"the tab {name}")


def test_a_book_is_chosen_and_asked_with_the_keyboard_alone(page: Page) -> None:
    def tab_to(css: str, key: str = Keys.TAB) -> None:
        reached = f"return !!document.activeElement.matches('{css}')"
        for _ in range(60):
            if page.body.script(reached):
                return
            page.browser.switch_to.active_element.send_keys(key)
        raise AssertionError(f"{css} is not reached with the keyboard")

    page.shelf.wait_for(HARBOUR, "Ready")
    tab_to("button.book-title")
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    page.talk.says("windows read.")
    tab_to("#question textarea")
    page.browser.switch_to.active_element.send_keys(QUESTION, Keys.ENTER)
    page.talk.told()
    tab_to("#chat [data-testid=bot]", Keys.SHIFT + Keys.TAB)
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    page.evidence.says("Pages it rests on")
