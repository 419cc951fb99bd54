"""The library of a user: their videos in the service, and the view in a tab."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Locator, Request, expect

from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, Studio
from tests.browser.tab import TIMEOUT
from tests.support.service import SUBMIT, TEMPLATE, png, submission
from tests.support.tokens import token


class Owner:
    """A user whose videos are made over HTTP, and who then looks at them in the page."""

    def __init__(self, client: httpx.Client, server: Server, fal: DrivenFal, user: str) -> None:
        self._client, self._server, self._fal, self._user = client, server, fal, user

    def make(self, *titles: str, template: str = TEMPLATE) -> None:
        for title in titles:
            order = {"templateSlug": template, "variables": {}}
            job = self._client.post(SUBMIT, **submission(png(), order)).json()["jobId"]
            self._fal.complete()
            until(partial(self._is_completed, job))
            answer = self._client.patch(f"/api/library/{job}", json={"title": title})
            assert answer.status_code == 200

    @property
    def videos(self) -> dict[str, dict[str, Any]]:
        """The videos in the service, by title."""
        videos = self._client.get("/api/library").json()["videos"]
        return {video["title"]: video for video in videos}

    def library(self, context: BrowserContext, *, size: Any = LAPTOP) -> "Library":
        studio = Studio(context, self._server.url, token=token(self._user), size=size)
        return Library(studio)

    def _is_completed(self, job: str) -> bool:
        answer = self._client.get(f"{SUBMIT}/status", params={"jobId": job})
        return bool(answer.json()["status"] == "completed")


class Library:
    """The view, in a tab."""

    def __init__(self, studio: Studio) -> None:
        studio.go("Library")
        self.studio, self.page = studio, studio.page
        self.tiles = self.page.get_by_role("list", name="Videos").get_by_role("listitem")
        self.undo = self.page.get_by_role("button", name="Undo", exact=True)
        self.dialog = studio.dialog
        expect(self.page.get_by_role("button", name="Play ").first).to_be_visible()

    def expect_titles(self, *titles: str) -> None:
        expect(self.tiles.get_by_role("heading")).to_have_text(list(titles))

    def tile(self, title: str) -> Locator:
        return self.tiles.filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def choose(self, title: str, action: str) -> None:
        self.page.get_by_role("button", name=f"More: {title}").click()
        self.page.get_by_role("menuitem", name=action).click()

    def requests(self, method: str) -> list[Request]:
        return [
            each
            for each in self.studio.requests
            if each.method == method and "/api/library" in each.url
        ]


def until(happened: Callable[[], bool]) -> None:
    """Poll the service until something has happened."""
    deadline = time.monotonic() + TIMEOUT
    while not happened():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)
