"""The browser module when the app around it, or a proxy, does not do what it should."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import HeldRequests, Tab
from tests.support.tokens import token


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


HANGING = """() => {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 20);
  globalThis.isHanging = true;
  const getToken = () => (isHanging ? new Promise(() => {}) : token);
  videos = new VideoGeneration({ getToken });
}"""


@pytest.mark.parametrize(
    "call", ["submit(OPTIONS)", "videos.credits(OPTIONS)", "videos.status('x', OPTIONS)"]
)
def test_a_signal_ends_the_wait_for_a_token(
    context: BrowserContext, driven: Server, call: str
) -> None:
    tab = Tab(context, driven.url, "bea")
    tab.run("() => { videos = new VideoGeneration({ getToken: () => new Promise(() => {}) }); }")
    tab.run("() => { globalThis.stop = new AbortController(); }")
    call = call.replace("OPTIONS", "{ signal: stop.signal }")
    tab.run(f"() => {{ {call}.catch((error) => {{ globalThis.end = describeError(error); }}); }}")
    tab.run("stop.abort()")
    tab.until(lambda: tab.run("globalThis.end") == "aborted: The request was aborted.")


def test_a_token_that_does_not_come_is_asked_for_again(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    tab = Tab(context, driven.url, "cyd")
    job = tab.submit()
    tab.run("localStorage.clear()")
    tab.load()
    tab.run(HANGING)
    tab.run("() => { submit().catch((error) => { globalThis.end = describeError(error); }); }")
    tab.run("(id) => { videos.follow(id); }", job)
    tab.until(lambda: tab.run("globalThis.end") == "offline: The service cannot be reached.")
    tab.until_connected("offline")
    tab.run("isHanging = false")
    tab.until_connected("live")
    fal.complete()
    tab.until_known(job, "completed")


def test_a_renewed_token_that_does_not_come_is_asked_for_again(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED + r"the server responded with a status of 401 ")
    tab = Tab(context, driven.url, "dan")
    tab.run(
        HANGING.replace("isHanging ?", "!refused ? stale : isHanging ?").replace(
            "() => (!", "({ refused }) => (!"
        )
    )
    tab.run("(stale) => { globalThis.stale = stale; }", token("dan", exp=1))
    tab.run(
        "() => { videos.credits().catch((error) => { globalThis.end = describeError(error); }); }"
    )
    tab.until(lambda: tab.run("globalThis.end") == "offline: The service cannot be reached.")
    tab.run("isHanging = false")
    assert tab.run("videos.credits().then(({ held }) => held)") == 0


def test_a_submit_that_is_answered_after_close_ends_as_aborted_and_is_found_by_the_next_page(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "eve")
    held = HeldRequests()
    tab.page.route("**/api/templates/video", held.hold)
    tab.run("""() => {
      submit().then(async (job) => {
        globalThis.job = job.id;
        globalThis.end = await job.finished.catch(describeError);
      });
    }""")
    tab.until(lambda: held.count == 1)
    tab.run("videos.close()")
    held.release()
    ended = "aborted: The page has stopped following this job."
    tab.until(lambda: tab.run("globalThis.end") == ended)
    assert tab.run("videos.jobs.size") == tab.open_streams() == 0
    job = tab.run("job")
    tab.load()
    tab.run("videos.resume()")
    tab.until_known(job, "queued", "stage")
