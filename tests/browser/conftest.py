"""A served page with the built-in model, and a browser to look at it, started once and shared.

After each test the browser has asked nobody but this machine, no script has failed, and the
program's log tells of no error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import hosts_asked, script_errors, start_chromium
from made_books import small_pdf
from page_rooms import Page
from selenium import webdriver
from served_page import ServedPage, serve

UPLOAD_MB = 0.5
"""The largest file that the shared page takes."""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    """The page with the built-in model and a shelf of its own."""
    folder = tmp_path_factory.mktemp("served")
    page = serve(folder / "shelf", folder / "log", "--max-upload", str(UPLOAD_MB))
    yield page
    assert page.end() == 0


@pytest.fixture(scope="session")
def harbour(served: ServedPage, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a PDF of five pages that has been read."""
    file = tmp_path_factory.mktemp("books") / "harbour.pdf"
    file.write_bytes(small_pdf())
    return served.read(file)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser that tests share, one after the other."""
    browser = start_chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()


@pytest.fixture
def visit(browser: webdriver.Chrome) -> Iterator[Callable[[ServedPage], Page]]:
    """Open a served page in the shared browser, as somebody who has never been there."""
    visited: list[ServedPage] = []

    def opened(served: ServedPage) -> Page:
        visited.append(served)
        origin = {"origin": served.address.rstrip("/"), "storageTypes": "all"}
        browser.execute_cdp_cmd("Storage.clearDataForOrigin", origin)
        # That may come late to a process which has the old storage at hand; this does not.
        browser.get(f"{served.address.rstrip('/')}/favicon.ico")
        browser.execute_script("localStorage.clear()")
        seen = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", seen)
        return Page(browser, served.address).open()

    yield opened
    for served in visited:
        served.brake.release()
    browser.get("about:blank")
    assert hosts_asked(browser) <= {"127.0.0.1"}
    assert not script_errors(browser)
    assert not [line for page in visited for line in page.complaints()]


@pytest.fixture
def page(visit: Callable[[ServedPage], Page], served: ServedPage) -> Page:
    """The shared page, in a browser that knows nothing yet."""
    return visit(served)


@pytest.fixture
def second(served: ServedPage, tmp_path: Path) -> Iterator[Page]:
    """The shared page in a second browser, with a profile of its own."""
    browser = start_chromium(tmp_path / "profile")
    yield Page(browser, served.address).open()
    browser.quit()
