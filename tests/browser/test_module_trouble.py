"""The shared module while the network, the service or the page goes away and comes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.conftest import driven_server
from tests.browser.console import NETWORK, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.support.tokens import bearer

QUICK = '{"pollMs": 300}'


@pytest.fixture(scope="module")
def driven(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service that gives each user one stream."""
    with driven_server(new_home(), fal, MAX_STREAMS_PER_USER="1") as server:
        yield server


@contextmanager
def stream_taken(server: Server, user: str) -> Iterator[None]:
    """Hold the user's only stream, as another device does."""
    url = f"{server.url}/api/templates/video/events"
    with httpx.stream("GET", url, headers=bearer(user)) as answer:
        chunks = answer.iter_bytes()
        next(chunks)
        yield


def test_a_video_that_is_done_while_the_network_is_lost_is_there_when_it_is_back(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(NETWORK)
    tab = Tab(context, driven.url, "ada")
    job = tab.submit()
    tab.until_it_stands(job, "queued", "stage")
    context.set_offline(True)
    tab.until_connected("offline")
    fal.complete()
    with httpx.Client(base_url=driven.url, headers=bearer("ada")) as client:
        status = {"status": "pending"}
        while status["status"] != "completed":
            status = client.get("/api/templates/video/status", params={"jobId": job}).json()
    context.set_offline(False)
    assert tab.end_of(job) == status["key"]


def test_a_service_that_is_killed_and_started_again_is_found_again(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(NETWORK)
    tab = Tab(context, driven.url, "bea")
    job = tab.submit()
    tab.until_it_stands(job, "queued", "stage")
    driven.kill()
    tab.until_connected("offline")
    fal.complete()
    driven.start()
    assert tab.end_of(job).endswith(".mp4")


def test_jobs_are_polled_where_no_stream_is_to_be_had(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(NETWORK + r"the server responded with a status of 429 ")
    tab = Tab(context, driven.url, "cyd", timing=QUICK)
    with stream_taken(driven, "cyd"):
        job = tab.submit()
        tab.until_it_stands(job, "pending")
        fal.begin()
        tab.until_it_stands(job, "processing")
        fal.complete()
        key = tab.end_of(job)
    assert console.lines[:2] == [
        f"[VIDEO] Job started: {job}",
        "[VIDEO] Poll 1: status=pending",
    ]
    assert console.lines[-1] == f"[VIDEO] Generation complete: {key}"
    assert not any("Event" in line for line in console.lines)


def test_a_stream_takes_over_from_the_polls_once_it_is_to_be_had(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(NETWORK + r"the server responded with a status of 429 ")
    tab = Tab(context, driven.url, "dan", timing=QUICK)
    with stream_taken(driven, "dan"):
        tab.submit()
        tab.until_connected("polling")
    tab.until_connected("live")
    polls = tab.asked("status")
    tab.submit()
    assert tab.asked("status") == polls


@pytest.mark.parametrize("body", ["", ": hello\n\n"])
def test_jobs_are_polled_where_a_proxy_breaks_streams(
    context: BrowserContext, driven: Server, fal: DrivenFal, body: str
) -> None:
    def cut(route: Route) -> None:
        route.fulfill(content_type="text/event-stream", body=body)

    tab = Tab(context, driven.url, f"eve-{bool(body)}", timing=QUICK)
    tab.page.route("**/events", cut)
    job = tab.submit()
    fal.complete()
    assert tab.end_of(job).endswith(".mp4")
    assert tab.asked("events") <= tab.asked("status")


def test_jobs_are_polled_where_a_proxy_holds_streams_back(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    def hold(_route: Route) -> None:
        pass

    tab = Tab(context, driven.url, "ivy", timing='{"silenceMs": 500, "pollMs": 300}')
    tab.page.route("**/events", hold)
    job = tab.submit()
    fal.complete()
    assert tab.end_of(job).endswith(".mp4")


def test_a_silent_line_is_dead_and_another_one_is_opened(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "fay", timing='{"silenceMs": 1000}')
    job = tab.submit()
    tab.until(lambda: tab.asked("events") >= 2 and tab.streams() == 1)
    fal.complete()
    assert tab.end_of(job).endswith(".mp4")


def test_a_reload_picks_up_what_is_under_way_and_what_has_ended_meanwhile(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "gus")
    done = tab.submit()
    first = fal.newest
    going = tab.submit()
    tab.page.goto("about:blank")
    fal.complete(first)
    with httpx.Client(base_url=driven.url, headers=bearer("gus")) as client:
        while not client.get("/api/library").json()["videos"]:
            client.get("/api/templates/video/status", params={"jobId": done})
    tab.load()
    tab.run("videos.resume()")
    tab.until_it_stands(done, "completed")
    tab.until_it_stands(going, "pending")
    tab.load()
    tab.run("videos.resume()")
    tab.until_it_stands(going, "pending")
    assert tab.run("[...videos.jobs.keys()]") == [going]


def test_a_job_that_is_none_is_not_followed_for_ever(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(NETWORK + r"the server responded with a status of 404 ")
    tab = Tab(context, driven.url, "hal")
    assert tab.end_of("nobody's").startswith("job_not_found: ")
    tab.until(lambda: tab.streams() == 0)
