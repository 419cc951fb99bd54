"""What pages say on their console."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage

NETWORK = r"^Failed to load resource: "
"""What chromium itself says of every request that fails; a page cannot keep it from that."""


class Console:
    """Everything that the pages of the contexts it listens to have said."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self._allowed: list[str] = []

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._note)
        context.on("weberror", lambda error: self.messages.append(("error", str(error.error))))

    def allow(self, pattern: str) -> None:
        """Expect errors that match."""
        self._allowed.append(pattern)

    @property
    def lines(self) -> list[str]:
        """The service's own lines."""
        return [text for _, text in self.messages if text.startswith("[VIDEO] ")]

    @property
    def troubles(self) -> list[str]:
        """Errors and warnings that nobody expected."""
        return [
            text
            for kind, text in self.messages
            if kind in {"error", "warning"}
            and not any(re.search(pattern, text) for pattern in self._allowed)
        ]

    def _note(self, message: ConsoleMessage) -> None:
        self.messages.append((message.type, message.text))
