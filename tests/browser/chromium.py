"""A real headless Chromium, each with a profile of its own, and what it asked of the network.

Knows Selenium and Chromium's flags; knows nothing of the page.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1400,900",
)

MISSING = (
    "The browser tests need Chromium and its driver: on Debian `apt install chromium "
    "chromium-driver`, elsewhere Chrome, for which Selenium finds a driver."
)


def start_chromium(profile: Path) -> webdriver.Chrome:
    """A browser with an empty profile; raises RuntimeError that says what to install."""
    options = webdriver.ChromeOptions()
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(profile / "downloads")}
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser and driver:
        options.binary_location = browser
        service = webdriver.ChromeService(executable_path=driver)
    else:
        service = webdriver.ChromeService()
    try:
        return webdriver.Chrome(options=options, service=service)
    except WebDriverException as error:
        raise RuntimeError(f"{MISSING} ({error.msg})") from error


def hosts_asked(browser: webdriver.Chrome) -> set[str]:
    """The hosts that were asked for anything since the last call."""
    hosts = set()
    for entry in _log(browser, "performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = urlsplit(message["params"]["request"]["url"])
            if url.scheme in ("http", "https", "ws", "wss"):
                hosts.add(url.hostname or "")
    return hosts


def script_errors(browser: webdriver.Chrome) -> list[str]:
    """What scripts of the page complained of since the last call."""
    entries = _log(browser, "browser")
    return [e["message"] for e in entries if e["source"] == "javascript" and e["level"] == "SEVERE"]


def _log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries
