"""Chromium, headless, and the page that an export wrote."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOADED_MS = 120_000


def find_program(programs: tuple[str, ...], package: str, variable: str) -> str:
    """Gives the path of a program. Without it the test fails, and says how to get it."""
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        pytest.fail(
            f"The tests of the web page need {programs[0]}. Install it (Debian, Ubuntu: apt-get "
            f"install {package}), or set {variable} to the program.",
            pytrace=False,
        )
    return found


@dataclass
class OpenPage:
    """A page in a browser, and what it has said and asked for.

    Attributes:
        page: Playwright's page.
        troubles: Errors and warnings on its console, and exceptions.
        requests: Every address that it asked for.
    """

    page: Any
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def wait_until_ready(self) -> "OpenPage":
        """Waits until the instrument is loaded."""
        self.page.wait_for_selector("html[data-ready]", state="attached", timeout=LOADED_MS)
        self.wait_for_text("#status", "Ready.")
        return self

    def wait_for_text(self, selector: str, text: str) -> None:
        """Waits until an element shows a text."""
        self.page.wait_for_function(
            "([selector, text]) => document.querySelector(selector).textContent.includes(text)",
            arg=[selector, text],
            timeout=LOADED_MS,
        )

    def text(self, selector: str) -> str:
        return str(self.page.text_content(selector))


@contextmanager
def open_page(
    playwright: Any, url: str, *, flags: Sequence[str] = (), **context: Any
) -> Iterator[OpenPage]:
    """Opens the page in a browser of its own.

    Args:
        playwright: There can be only one at a time.
        url: Of the page.
        flags: Of Chromium.
        context: How the browser is: `viewport`, `has_touch`, `color_scheme`, and so on.
    """
    browser = playwright.chromium.launch(
        executable_path=find_program(PROGRAMS, "chromium", "DDSP_TF_CHROMIUM"),
        # A root can't use the sandbox; the page is ours.
        args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *flags],
    )
    try:
        opened = OpenPage(browser.new_context(**context).new_page())
        opened.page.goto(url)
        yield opened
    finally:
        browser.close()
