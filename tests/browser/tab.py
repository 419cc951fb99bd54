"""A page that does nothing but use the shared module, and what a test does in it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.sync_api import BrowserContext, Request, Route

from tests.support.tokens import token

FOLDER = Path(__file__).parent
PATIENCE = 60.0
"""Seconds for whatever is waited for; a slow machine needs less."""
TEMPLATE = "night-life-roller"


class Tab:
    """A tab at ``url`` in which ``user`` is signed in.

    ``timing`` goes to the module. ``page`` is one of ``pages/``, which like ``vendor/`` appears to
    be served by the service.
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
        """Load the page, or load it again."""
        self.page.goto(self._address)
        self.page.wait_for_function("globalThis.videos")

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluate a function, and wait for its promise."""
        return self.page.evaluate(script, argument)

    def submit(self) -> str:
        """Submit a canvas, and return the job's id."""
        return str(self.run("submit().then((job) => job.id)"))

    def stands(self, job_id: str, field: str = "status") -> Any:
        """Tell what the module knows of the job."""
        return self.run(
            "([id, field]) => videos.jobs.get(id)?.latest?.[field] ?? null", [job_id, field]
        )

    def until(self, happened: Callable[[], bool]) -> None:
        """Let the browser go on until something has happened."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, "it does not happen"
            self.page.wait_for_timeout(20)

    def until_it_stands(self, job_id: str, value: Any, field: str = "status") -> None:
        """Wait until the module knows the job to stand so."""
        self.until(lambda: self.stands(job_id, field) == value)

    def until_connected(self, state: str) -> None:
        self.until(lambda: self.run("videos.connection") == state)

    def end_of(self, job_id: str) -> str:
        """Wait for ``finished``: the key of the video, or the error's code and detail."""
        script = "(id) => videos.follow(id).finished.then(({ key }) => key, wrong)"
        return str(self.run(script, job_id))

    def asked(self, path: str) -> int:
        """Count the requests for a path that have left this tab."""
        return sum(_is_for(path, request) for request in self.requests)

    def streams(self) -> int:
        """Count the event streams that this tab has open."""
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


class Held:
    """Requests that wait until the test lets them go."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def hold(self, route: Route) -> None:
        self._routes.append(route)

    @property
    def count(self) -> int:
        return len(self._routes)

    def release(self) -> None:
        for route in self._routes:
            route.continue_()
