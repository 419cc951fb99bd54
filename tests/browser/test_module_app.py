"""The browser module when the app around it, or a proxy, does not do what it should."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab


@pytest.mark.parametrize("body", ["{}", "null", "5"])
def test_an_answer_that_names_no_job_is_unexpected(
    context: BrowserContext, driven: Server, body: str
) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=202, body=body)

    tab = Tab(context, driven.url, "ada")
    for path in ["", "/status?*", "/cancel?*"]:
        tab.page.route(f"**/api/templates/video{path}", answer)
    for call in ["submit()", "videos.status('x')", "videos.follow('x').cancel()"]:
        end = tab.run(f"{call}.then(() => null, describeError)")
        assert end == "unexpected_answer: The service's answer cannot be read."
    assert tab.run("[...videos.jobs.keys()]") == ["x"]


@pytest.mark.parametrize("listener", ["onconnection", "onerror"])
def test_updates_continue_if_a_listener_of_the_app_throws(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal, listener: str
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 401 ")
    console.allow("The app's own fault.")
    tab = Tab(context, driven.url, listener)
    job = tab.submit()
    tab.until_connected("live")
    tab.run(
        """(listener) => {
          globalThis.calls = { onconnection: 0, onerror: 0 };
          for (const each of Object.keys(calls)) {
            videos[each] = () => {
              calls[each] += 1;
              if (each === listener) throw new Error("The app's own fault.");
            };
          }
          globalThis.fresh = token;
          token = null;
          dispatchEvent(new Event("online")); // the stream is opened again
        }""",
        listener,
    )
    tab.until(lambda: tab.run("calls") == {"onconnection": 1, "onerror": 1})
    tab.run("(token = fresh, videos.credits())")
    tab.until(lambda: tab.run("calls") == {"onconnection": 2, "onerror": 1})
    fal.complete()
    tab.until_known(job, "completed")
