"""A real browser for tests of pages: headless Chromium without a network, and the rules of axe-core.

``with open_page(path) as opened`` gives the page (``opened.page``), what it logged as errors and what it
asked for. Where there is no Chromium, or playwright is not installed, tests marked with `needs_chromium` are
skipped.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

__all__ = ["OpenPage", "needs_chromium", "open_page", "serious_violations"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS: Final = 60_000
_POLL_MS: Final = 40
CHROMIUM: Final = next((found for name in _NAMES if (found := shutil.which(name))), None)

needs_chromium: Final = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None, reason="no Chromium here"
)


@dataclass(eq=False)
class OpenPage:
    """A page in the browser.

    Parameters
    ----------
    page : The page, of playwright.
    errors : Errors and warnings of the console, and exceptions of scripts.
    requests : Addresses that it asked for.
    """

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def external(self) -> list[str]:
        """Requests that leave the file."""
        return [address for address in self.requests if not address.startswith(("file:", "data:", "blob:"))]

    def wait(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true; the page's policy lets none be polled in it."""
        for _ in range(_PATIENCE_MS // _POLL_MS):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(_POLL_MS)
        raise TimeoutError(expression)

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        )


@contextmanager
def open_page(
    path: Path, *, dark: bool = False, width: int = 1200, scripts: bool = True, still: bool = False
) -> Iterator[OpenPage]:
    """Open a file in Chromium, offline.

    Parameters
    ----------
    path : The HTML file.
    dark : The theme that the reader's system prefers.
    width : Of the window, pixels.
    scripts : False: a browser with scripts switched off.
    still : Whether the reader prefers reduced motion.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=alone, timeout=_PATIENCE_MS)
        context = browser.new_context(
            offline=True,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            java_script_enabled=scripts,
            accept_downloads=True,
        )
        context.set_default_timeout(_PATIENCE_MS)
        opened = OpenPage(context.new_page())
        opened.page.on("console", lambda message: _note(opened, message.type, message.text))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(path.resolve().as_uri())
        try:
            yield opened
        finally:
            context.close()
            browser.close()


def _note(opened: OpenPage, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        opened.errors.append(f"{kind}: {text}")


def serious_violations(page: Any) -> list[str]:
    """Return what axe-core finds serious or critical on a page, one line each: rule and first element."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:160]} ({rule['nodes'][0].get('failureSummary', '')[:200]})"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]
