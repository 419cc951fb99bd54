"""What a visitor who is not signed in sees of a shared video."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app.api.page import FOLDER
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, PHONE
from tests.browser.tab import TIMEOUT, HeldRequests
from tests.support.process import PATIENCE
from tests.support.service import SUBMIT, TERMINAL, UNLIMITED_ENVIRONMENT, submission
from tests.support.tokens import SECRET, bearer

pytestmark = pytest.mark.timeout(240)

PICTURE = (FOLDER / "canvas" / "sample.webp").read_bytes()


class Owner:
    """Shares a video over HTTP."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self.url = url
        answer = self._client.post(SUBMIT, **submission(PICTURE))
        self._job = answer.json()["jobId"]
        deadline = time.monotonic() + TIMEOUT
        while self._status() not in TERMINAL:
            assert time.monotonic() < deadline, "the video is not finished"
            time.sleep(0.2)
        assert self._status() == "completed"

    def share(self) -> str:
        """Return the address of the page."""
        answer = self._client.post(f"/api/library/{self._job}/share")
        return f"{self.url}{answer.json()['shareUrl']}"

    def revoke(self) -> None:
        assert self._client.delete(f"/api/library/{self._job}/share").status_code == 204

    def _status(self) -> str:
        answer = self._client.get(f"{SUBMIT}/status", params={"jobId": self._job})
        return str(answer.json()["status"])


@pytest.fixture(scope="module")
def owner(new_home: Callable[[], Path]) -> Iterator[Owner]:
    """A user of a service where people sign in, with a video of local fal."""
    settings = UNLIMITED_ENVIRONMENT | {"AUTH_JWT_SECRET": SECRET}
    with (
        Server(new_home(), "app", **settings) as server,
        httpx.Client(
            base_url=server.url, headers=bearer(), trust_env=False, timeout=PATIENCE
        ) as client,
    ):
        yield Owner(client, server.url)


FRAMES = 24
"""More than a player shows before it asks for the rest of the video."""


def until_it_plays(page: Page) -> None:
    """Press play, and wait until frames are shown."""
    video = page.get_by_label("Night life roller")
    video.evaluate("(video) => { video.muted = true; video.play() }")
    deadline = time.monotonic() + TIMEOUT
    while video.evaluate("(video) => video.getVideoPlaybackQuality().totalVideoFrames") < FRAMES:
        assert time.monotonic() < deadline, "it does not play"
        page.wait_for_timeout(20)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_visitor_plays_the_video_on_a_page_that_is_accessible(
    context: BrowserContext, owner: Owner, size: Any, scheme: Any
) -> None:
    page = context.new_page()
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(owner.share())
    expect(page.get_by_role("heading", name="Night life roller", level=1)).to_be_visible()
    until_it_plays(page)
    assert Axe().run(page).response["violations"] == []
    width, height = page.evaluate(
        "(({ scrollWidth, scrollHeight }) => [scrollWidth, scrollHeight])(document.documentElement)"
    )
    assert (width, height) == (size["width"], size["height"]), "everything is seen at once"


def test_the_video_has_its_shape_before_it_is_loaded(context: BrowserContext, owner: Owner) -> None:
    page = context.new_page()
    held = HeldRequests()
    for path in ("**/v/*/video", "**/v/*/poster"):
        page.route(path, held.hold)
    page.goto(owner.share(), wait_until="domcontentloaded")
    video = page.get_by_label("Night life roller")
    box, ratio = video.bounding_box(), video.evaluate("({ width, height }) => width / height")
    assert box
    assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.02)
    held.release()


def test_the_page_works_without_scripts(chromium: Browser, owner: Owner) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(owner.share())
        video = page.get_by_label("Night life roller")
        expect(video).to_be_visible()
        expect(video).to_have_attribute("controls", "")
        with page.expect_response("**/media/**") as media:
            page.reload()
        assert media.value.status in {200, 206}


@pytest.mark.parametrize("script_is_late", [False, True])
def test_an_expired_address_is_asked_for_again(
    context: BrowserContext, console: Console, owner: Owner, *, script_is_late: bool
) -> None:
    console.allow(REQUEST_FAILED)
    page = context.new_page()
    refused, held = list[Route](), list[Route]()

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route)
            route.fulfill(status=403)
            for script in held:
                script.continue_()

    def hold(route: Route) -> None:
        if refused or not script_is_late:
            route.continue_()
        else:
            held.append(route)

    page.route("**/share.js", hold)
    # Only the first address of a chain of redirects is routed, or one that the player goes on with.
    page.route("**/v/*/video" if script_is_late else "**/media/**/*.mp4*", refuse_once)
    page.goto(owner.share())
    until_it_plays(page)
    assert refused


def test_revocation_ends_the_video_of_an_open_page(
    context: BrowserContext, console: Console, owner: Owner
) -> None:
    console.allow(REQUEST_FAILED)
    page = context.new_page()
    link = owner.share()
    page.goto(link)
    until_it_plays(page)
    owner.revoke()
    page.get_by_label("Night life roller").evaluate("(video) => video.load()")
    expect(page.get_by_role("alert")).to_contain_text("It may no longer be shared")
    page.reload()
    expect(page.get_by_role("heading", name="There is no video here")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Animate").click()
    expect(page).to_have_url(f"{owner.url}/")
