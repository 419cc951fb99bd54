"""Several tabs of one browser: one of them speaks with the service, for all."""

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab


def resumed(context: BrowserContext, server: Server, user: str) -> Tab:
    tab = Tab(context, server.url, user)
    tab.run("videos.resume()")
    return tab


def test_two_tabs_have_one_stream_and_hear_the_same(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "ada") for _ in range(2))
    job = second.submit()
    first.until_it_stands(job, "queued", "stage")
    fal.complete()
    assert first.end_of(job) == second.end_of(job)
    assert (first.asked("events"), second.asked("events")) == (1, 0)
    assert first.asked("status") == second.asked("status") == 0
    assert second.run("videos.connection") == "live"


def test_a_tab_that_comes_later_is_told_what_is_under_way(
    context: BrowserContext, driven: Server
) -> None:
    first = resumed(context, driven, "bea")
    job = first.submit()
    first.until_it_stands(job, "queued", "stage")
    second = resumed(context, driven, "bea")
    assert second.stands(job) == "pending"
    assert second.asked("events") == second.asked("status") == 0


def test_when_the_leading_tab_is_closed_another_one_goes_on(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "cyd") for _ in range(2))
    job = second.submit()
    first.page.close()
    fal.complete()
    assert second.end_of(job).endswith(".mp4")
    assert second.streams() == 1


def test_a_leading_tab_that_sleeps_is_replaced_when_another_one_is_looked_at(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    first, second = (resumed(context, driven, "dan") for _ in range(2))
    job = second.submit()
    session = context.new_cdp_session(first.page)
    session.send("Debugger.enable")
    session.send("Debugger.pause")
    fal.complete()
    second.run("document.dispatchEvent(new Event('visibilitychange'))")
    assert second.end_of(job).endswith(".mp4")
    assert second.streams() == 1
    session.send("Debugger.disable")
    first.until_it_stands(job, "completed")
    first.until(lambda: first.streams() == 0)


@pytest.mark.parametrize("lacking", ["navigator.locks", "BroadcastChannel"])
def test_where_tabs_cannot_talk_each_has_a_stream_of_its_own(
    context: BrowserContext, driven: Server, fal: DrivenFal, lacking: str
) -> None:
    holder, name = f"globalThis.{lacking}".rsplit(".", 1)
    lack = f"Object.defineProperty({holder}, '{name}', {{ value: undefined }})"
    context.add_init_script(lack)
    first, second = (resumed(context, driven, f"eve-{name}") for _ in range(2))
    job = second.submit()
    fal.complete()
    assert first.end_of(job) == second.end_of(job)
    assert first.streams() == second.streams() == 1


def test_users_of_one_browser_do_not_share(context: BrowserContext, driven: Server) -> None:
    first, second = resumed(context, driven, "fay"), resumed(context, driven, "gus")
    job = first.submit()
    first.until_it_stands(job, "queued", "stage")
    assert first.streams() == second.streams() == 1
    assert second.run("videos.jobs.size") == 0
