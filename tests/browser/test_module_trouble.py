"""The browser module when the network, the service or the page goes away and comes back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.conftest import driven_server
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.support.process import PATIENCE
from tests.support.tokens import bearer

QUICK = '{"pollMs": 300}'


@pytest.fixture(scope="module")
def driven(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service that allows each user one stream."""
    with driven_server(new_home(), fal, MAX_STREAMS_PER_USER="1") as server:
        yield server


@contextmanager
def stream_taken(server: Server, user: str) -> Iterator[None]:
    """Use the user's only stream, as another device would."""
    url = f"{server.url}/api/templates/video/events"
    with httpx.stream("GET", url, headers=bearer(user), timeout=PATIENCE) as answer:
        chunks = answer.iter_bytes()
        next(chunks)
        yield


def test_a_video_that_finished_while_offline_is_found_when_the_network_is_back(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    tab = Tab(context, driven.url, "ada")
    job = tab.submit()
    tab.until_known(job, "queued", "stage")
    context.set_offline(True)
    tab.until_connected("offline")
    fal.complete()
    with httpx.Client(base_url=driven.url, headers=bearer("ada"), timeout=PATIENCE) as client:
        status = {"status": "pending"}
        while status["status"] != "completed":
            status = client.get("/api/templates/video/status", params={"jobId": job}).json()
    context.set_offline(False)
    assert tab.outcome(job) == status["key"]


def test_following_continues_after_the_service_is_killed_and_restarted(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    tab = Tab(context, driven.url, "bea")
    job = tab.submit()
    tab.until_known(job, "queued", "stage")
    driven.kill()
    tab.until_connected("offline")
    fal.complete()
    driven.start()
    assert tab.outcome(job).endswith(".mp4")


def test_jobs_are_polled_if_no_stream_is_available(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 429 ")
    tab = Tab(context, driven.url, "cyd", timing=QUICK)
    with stream_taken(driven, "cyd"):
        job = tab.submit()
        tab.until_known(job, "pending")
        fal.begin()
        tab.until_known(job, "processing")
        fal.complete()
        key = tab.outcome(job)
    assert console.lines[:2] == [
        f"[VIDEO] Job started: {job}",
        "[VIDEO] Poll 1: status=pending",
    ]
    assert console.lines[-1] == f"[VIDEO] Generation complete: {key}"
    assert not any("Event" in line for line in console.lines)


def test_a_stream_replaces_polling_as_soon_as_one_is_available(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 429 ")
    tab = Tab(context, driven.url, "dan", timing=QUICK)
    with stream_taken(driven, "dan"):
        tab.submit()
        tab.until_connected("polling")
    tab.until_connected("live")
    polls = tab.count("status")
    tab.submit()
    assert tab.count("status") == polls


@pytest.mark.parametrize("body", ["", ": hello\n\n"])
def test_jobs_are_polled_if_a_proxy_breaks_streams(
    context: BrowserContext, driven: Server, fal: DrivenFal, body: str
) -> None:
    def cut(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=body)

    tab = Tab(context, driven.url, f"eve-{bool(body)}", timing=QUICK)
    tab.page.route("**/events", cut)
    job = tab.submit()
    fal.complete()
    assert tab.outcome(job).endswith(".mp4")
    assert tab.count("events") <= tab.count("status")


def test_a_stream_that_ends_at_once_is_opened_again_after_a_pause_of_the_modules_own(
    context: BrowserContext, driven: Server
) -> None:
    opened: list[float] = []

    def end(route: Route) -> None:
        opened.append(time.monotonic())
        route.fulfill(content_type="text/event-stream", body="retry: 0\n\n")

    tab = Tab(context, driven.url, "kim")
    tab.page.route("**/events", end)
    tab.run("void videos.resume()")
    tab.until(lambda: len(opened) >= 4)
    assert all(after - before >= 0.4 for before, after in pairwise(opened))


def test_a_stream_is_opened_again_within_half_a_minute_whatever_pause_it_asks_for(
    context: BrowserContext, driven: Server
) -> None:
    def end(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=f"retry: {10**12}\n\n")

    context.clock.install()
    tab = Tab(context, driven.url, "lou")
    tab.page.route("**/events", end)
    tab.run("void videos.resume()")
    tab.until(lambda: tab.count("events") == 1 and tab.open_streams() == 0)
    for _ in range(45):  # the page may begin its pause after the first seconds
        tab.page.clock.run_for(1000)
        if tab.count("events") > 1:
            break
    tab.until(lambda: tab.count("events") == 2)


def test_jobs_are_polled_if_a_proxy_holds_streams_back(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    def hold(_route: Route) -> None:
        pass

    tab = Tab(context, driven.url, "ivy", timing=QUICK)
    tab.page.route("**/events", hold)
    job = tab.submit()
    tab.until_known(job, "pending")
    assert tab.open_streams() == 1  # polled beside the stream, which is not given up yet
    fal.complete()
    assert tab.outcome(job).endswith(".mp4")
    assert tab.run("videos.connection") == "polling"


def test_a_silent_new_stream_is_replaced_by_polling(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    def hold(_route: Route) -> None:
        pass

    tab = Tab(context, driven.url, "jan", timing='{"silenceMs": 500, "pollMs": 5000}')
    tab.page.route("**/events", hold)
    job = tab.submit()
    fal.complete()
    assert tab.outcome(job).endswith(".mp4")


def test_a_silent_stream_is_replaced_by_a_new_one(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "fay", timing='{"silenceMs": 1000}')
    job = tab.submit()
    tab.until(lambda: tab.count("events") >= 2 and tab.open_streams() == 1)
    fal.complete()
    assert tab.outcome(job).endswith(".mp4")


def test_a_reload_finds_unfinished_jobs_and_jobs_that_ended_meanwhile(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "gus")
    done = tab.submit()
    first = fal.newest
    going = tab.submit()
    tab.page.goto("about:blank")
    fal.complete(first)
    with httpx.Client(base_url=driven.url, headers=bearer("gus"), timeout=PATIENCE) as client:
        while not client.get("/api/library").json()["videos"]:
            client.get("/api/templates/video/status", params={"jobId": done})
    tab.load()
    tab.run("videos.resume()")
    tab.until_known(done, "completed")
    tab.until_known(going, "pending")
    tab.load()
    tab.run("videos.resume()")
    tab.until_known(going, "pending")
    assert tab.run("[...videos.jobs.keys()]") == [going]


def test_following_an_unknown_job_ends_with_job_not_found(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 404 ")
    tab = Tab(context, driven.url, "hal")
    assert tab.outcome("nobody's").startswith("job_not_found: ")
    tab.until(lambda: tab.open_streams() == 0)


@pytest.mark.parametrize("pause", ["9" * 30, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_answer_asks_for_a_pause_of_more_than_an_hour(
    context: BrowserContext, console: Console, driven: Server, pause: str
) -> None:
    console.allow(REQUEST_FAILED)
    tab = Tab(context, driven.url, "pauses")
    headers = {"Retry-After": pause}
    tab.page.route("**/api/credits", lambda route: route.fulfill(status=503, headers=headers))
    assert tab.run("videos.credits().catch((error) => error.retryAfter)") == 3600
