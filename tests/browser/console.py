"""The browser console."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage

REQUEST_FAILED = r"^Failed to load resource: "
"""Chromium logs this for every failed request; a page cannot prevent it."""
REFUSED = REQUEST_FAILED + r"the server responded with a status of {} "
"""The same for an answer with this status."""


class Console:
    """Collects the console messages of all pages in a context."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self._allowed: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._note)
        context.on("weberror", lambda error: self.messages.append(("error", str(error.error))))

    def allow(self, pattern: str) -> None:
        """Expect errors that match a regular expression."""
        self._allowed.append(pattern)

    @property
    def lines(self) -> list[str]:
        """The lines that the browser module logs."""
        return [text for _, text in self.messages if text.startswith("[VIDEO] ")]

    @property
    def unexpected(self) -> list[str]:
        """Errors and warnings that the test did not allow."""
        return [
            text
            for kind, text in self.messages
            if kind in {"error", "warning"}
            and not any(re.search(pattern, text) for pattern in self._allowed)
        ]

    def _note(self, message: ConsoleMessage) -> None:
        self.messages.append((message.type, message.text))
