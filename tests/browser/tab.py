"""Drives a page that only loads the browser module."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.sync_api import APIResponse, BrowserContext, Request, Route

from tests.support.tokens import token

FOLDER = Path(__file__).parent
TIMEOUT = 60.0
"""Seconds; even a slow machine needs less."""
TEMPLATE = "night-life-roller"


class Tab:
    """A tab at ``url`` in which ``user`` is signed in.

    ``timing`` is the module's option. ``page`` is a file in ``pages/``. The browser loads
    ``pages/`` and ``vendor/`` as if the service served them.
    """

    def __init__(
        self,
        context: BrowserContext,
        url: str,
        user: str,
        *,
        page: str = "module.html",
        timing: str = "{}",
    ) -> None:
        self._address = f"{url}/pages/{page}?token={token(user)}&timing={quote(timing)}"
        self.page = context.new_page()
        self.requests: list[Request] = []
        self.open: set[Request] = set()
        self.page.on("request", self._began)
        self.page.on("requestfinished", self._ended)
        self.page.on("requestfailed", self._ended)
        self.page.route(re.compile(r"/(pages|vendor)/[\w.-]+(\?|$)"), _serve)
        self.load()

    def load(self) -> None:
        """Load or reload the page."""
        self.page.goto(self._address)
        self.page.wait_for_function("globalThis.videos")

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate a script and wait for its promise."""
        return self.page.evaluate(script, argument)

    def submit(self) -> str:
        """Submit a canvas and return the job's id."""
        return str(self.run("submit().then((job) => job.id)"))

    def known(self, job_id: str, field: str = "status") -> Any:
        """Return a field of the job's status that the module knows."""
        return self.run(
            "([id, field]) => videos.jobs.get(id)?.latest?.[field] ?? null", [job_id, field]
        )

    def until(self, happened: Callable[[], bool]) -> None:
        """Let the browser run until a condition is true."""
        deadline = time.monotonic() + TIMEOUT
        while not happened():
            assert time.monotonic() < deadline, "the condition did not become true"
            self.page.wait_for_timeout(20)

    def until_known(self, job_id: str, value: Any, field: str = "status") -> None:
        """Wait until a field of the job's status has a value."""
        self.until(lambda: self.known(job_id, field) == value)

    def until_connected(self, state: str) -> None:
        self.until(lambda: self.run("videos.connection") == state)

    def outcome(self, job_id: str) -> str:
        """Wait for ``finished`` and return the video's key, or the error's code and detail."""
        script = "(id) => videos.follow(id).finished.then(({ key }) => key, describeError)"
        return str(self.run(script, job_id))

    def count(self, path: str) -> int:
        """Count this tab's requests for a path."""
        return sum(_is_for(path, request) for request in self.requests)

    def open_streams(self) -> int:
        """Count this tab's open event streams."""
        return sum(_is_for("events", request) for request in self.open)

    def _began(self, request: Request) -> None:
        self.requests.append(request)
        self.open.add(request)

    def _ended(self, request: Request) -> None:
        self.open.discard(request)


def _is_for(path: str, request: Request) -> bool:
    return request.url.partition("?")[0].endswith(f"/{path}")


def _serve(route: Route) -> None:
    route.fulfill(path=FOLDER / urlsplit(route.request.url).path.lstrip("/"))


class HeldRequests:
    """Requests that wait until the test releases them."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._answers: dict[Route, APIResponse] = {}

    def hold(self, route: Route) -> None:
        self._routes.append(route)

    @property
    def count(self) -> int:
        return len(self._routes)

    def fetch(self) -> None:
        """Send them to the service, and hold its answers."""
        self._answers = {route: route.fetch() for route in self._routes}

    def release(self) -> None:
        for route in self._routes:
            if answer := self._answers.get(route):
                route.fulfill(response=answer)
            else:
                route.continue_()
