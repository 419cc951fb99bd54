"""Several tabs of one browser: one leads and shares its updates with the others."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.support.tokens import bearer


def resumed(context: BrowserContext, server: Server, user: str) -> Tab:
    tab = Tab(context, server.url, user)
    tab.run("videos.resume()")
    return tab


def test_two_tabs_share_one_stream_and_show_the_same(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "ada") for _ in range(2))
    job = second.submit()
    first.until_known(job, "queued", "stage")
    fal.complete()
    assert first.outcome(job) == second.outcome(job)
    assert (first.count("events"), second.count("events")) == (1, 0)
    assert first.count("status") == second.count("status") == 0
    assert second.run("videos.connection") == "live"


def test_a_new_tab_gets_the_unfinished_jobs_from_the_leading_tab(
    context: BrowserContext, driven: Server
) -> None:
    first = resumed(context, driven, "bea")
    job = first.submit()
    first.until_known(job, "queued", "stage")
    second = resumed(context, driven, "bea")
    assert second.known(job) == "pending"
    assert second.count("events") == second.count("status") == 0


def test_a_job_that_the_stream_names_before_its_submit_is_answered_is_known_in_all_tabs(
    context: BrowserContext, driven: Server
) -> None:
    leading, other = (resumed(context, driven, "hal") for _ in range(2))
    leading.until_connected("live")
    network, chunks = context.new_cdp_session(leading.page), list[str]()
    network.on("Network.dataReceived", lambda chunk: chunks.append(str(chunk["requestId"])))
    network.send("Network.enable")
    submits = list[Route]()

    def hold(route: Route) -> None:
        submits.append(route)

    leading.page.route("**/api/templates/video", hold)
    leading.run("void submit()")
    leading.until(lambda: len(submits) == 1)
    before = len(chunks)
    answer = submits[0].fetch()
    leading.until(lambda: len(chunks) > before)
    submits[0].fulfill(response=answer)
    other.until_known(answer.json()["jobId"], "pending")
    assert leading.count("status") == other.count("status") == 0


def test_when_the_leading_tab_closes_another_one_takes_over(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "cyd") for _ in range(2))
    job = second.submit()
    first.page.close()
    fal.complete()
    assert second.outcome(job).endswith(".mp4")
    assert second.open_streams() == 1


def test_a_frozen_leading_tab_is_replaced_when_another_tab_becomes_visible(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "dan") for _ in range(2))
    job = second.submit()
    session = context.new_cdp_session(first.page)
    session.send("Debugger.enable")
    session.send("Debugger.pause")
    fal.complete()
    second.run("document.dispatchEvent(new Event('visibilitychange'))")
    assert second.outcome(job).endswith(".mp4")
    assert second.open_streams() == 1
    session.send("Debugger.disable")
    first.until_known(job, "completed")
    first.until(lambda: first.open_streams() == 0)


@pytest.mark.parametrize("lacking", ["navigator.locks", "BroadcastChannel"])
def test_without_locks_or_channels_each_tab_has_its_own_stream(
    context: BrowserContext, driven: Server, fal: DrivenFal, lacking: str
) -> None:
    holder, name = f"globalThis.{lacking}".rsplit(".", 1)
    lack = f"Object.defineProperty({holder}, '{name}', {{ value: undefined }})"
    context.add_init_script(lack)
    first, second = (resumed(context, driven, f"eve-{name}") for _ in range(2))
    job = second.submit()
    fal.complete()
    assert first.outcome(job) == second.outcome(job)
    assert first.open_streams() == second.open_streams() == 1


@pytest.mark.parametrize(("user_key", "streams"), [("undefined", (1, 1)), ("'lea'", (1, 0))])
def test_tabs_share_nothing_if_the_user_is_unknown_unless_a_key_names_the_user(
    context: BrowserContext,
    driven: Server,
    fal: DrivenFal,
    user_key: str,
    streams: tuple[int, int],
) -> None:
    user = f"lea-{streams}"

    def add_token(route: Route) -> None:  # as a server with session cookies does
        route.continue_(headers=route.request.headers | bearer(user))

    tabs = [Tab(context, driven.url, user) for _ in range(2)]
    for tab in tabs:
        tab.page.route("**/api/**", add_token)
        tab.run(f"videos = new VideoGeneration({{ userKey: {user_key} }})")
        tab.run("videos.resume()")
    first, second = tabs
    job = first.submit()
    fal.begin()
    second.until_known(job, "processing")
    assert (first.count("events"), second.count("events")) == streams
    kept = "[localStorage, sessionStorage].map((storage) => storage.length)"
    assert first.run(kept) == ([0, 1] if user_key == "undefined" else [1, 0])


def test_users_of_one_browser_do_not_share_a_stream(
    context: BrowserContext, driven: Server
) -> None:
    first, second = resumed(context, driven, "fay"), resumed(context, driven, "gus")
    job = first.submit()
    first.until_known(job, "queued", "stage")
    assert first.open_streams() == second.open_streams() == 1
    assert second.run("videos.jobs.size") == 0


def test_a_job_that_nobody_knows_ends_in_the_tab_that_follows_it_too(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 404 ")
    leading, other = (resumed(context, driven, "ian") for _ in range(2))
    leading.until_connected("live")
    assert other.outcome("nobody's").startswith("job_not_found: ")
    assert other.count("status") == 0
    assert leading.run("videos.jobs.size") == other.run("videos.jobs.size") == 0
