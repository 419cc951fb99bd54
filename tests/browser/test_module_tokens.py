"""The browser module when its token is refused, is renewed, or becomes somebody else's."""

from playwright.sync_api import BrowserContext

from tests.browser.console import REFUSED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import HeldRequests, Tab
from tests.support.tokens import token


def test_calls_whose_token_is_refused_ask_once_for_another_and_try_once_more(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "wim")
    tab.run(
        """(stale) => {
          globalThis.asked = [];
          let current = stale;
          const getToken = async ({ refused }) => {
            asked.push(refused);
            if (refused) current = token;
            return current;
          };
          videos = new VideoGeneration({ getToken });
        }""",
        token("wim", exp=1),
    )
    tab.run("Promise.all([videos.credits(), videos.library(), videos.status('x').catch(() => {})])")
    assert tab.run("asked.filter((refused) => refused).length") == 1
    tab.run("asked.length = 0, videos.credits()")
    assert tab.run("asked") == [False]
    console.allow(REFUSED.format(404))


def test_an_expired_session_is_reported_once_and_continues_after_sign_in(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "ida")
    tab.run("(stale) => { globalThis.fresh = token; token = stale; }", token("ida", exp=1))
    tab.run("videos.resume()")
    assert tab.run("errors") == ["unauthenticated"]
    assert tab.run("videos.credits().catch((error) => error.status)") == 401
    tab.run("document.dispatchEvent(new Event('visibilitychange'))")
    tab.until(lambda: tab.count("events") >= 2)
    tab.run("(token = fresh, videos.credits())")
    tab.until_connected("live")
    assert tab.run("errors") == ["unauthenticated"]


def test_a_token_that_changes_while_the_old_one_is_rejected_is_used(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "ivy")
    held = HeldRequests()
    tab.page.route("**/api/templates/video/events", held.hold)
    tab.run("(stale) => { globalThis.fresh = token; token = stale; }", token("ivy", exp=1))
    tab.run("void videos.resume()")
    tab.until(lambda: held.count == 1)
    tab.run("(token = fresh, videos.credits())")
    tab.page.unroute("**/api/templates/video/events")
    held.release()
    tab.until_connected("live")


def test_a_submit_is_not_repeated_for_the_next_user(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REFUSED.format(503))
    tab = Tab(context, driven.url, "lea")
    problem = {"status": 503, "code": "too_busy", "detail": "Later."}
    kind = "application/problem+json"
    tab.page.route(
        "**/api/templates/video",
        lambda route: route.fulfill(
            status=503, json=problem, content_type=kind, headers={"Retry-After": "5"}
        ),
    )
    tab.run("() => { globalThis.end = submit().catch(describeError); }")
    tab.until(lambda: tab.count("video") == 1)
    tab.run("(other) => (token = other, videos.credits())", token("max"))
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."
    assert tab.count("video") == 1


def test_the_next_user_does_not_see_the_previous_user_s_jobs(
    context: BrowserContext, driven: Server
) -> None:
    tab = Tab(context, driven.url, "joe")
    tab.run("videos.resume()")
    job = tab.submit()
    tab.until_known(job, "pending")
    tab.run("(id) => { globalThis.end = videos.jobs.get(id).finished.catch(describeError); }", job)
    tab.run("(other) => (token = other, videos.credits())", token("kim"))
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."
    tab.until_connected("live")
    tab.until(lambda: tab.open_streams() == 1)
    assert tab.run("videos.jobs.size") == 0


def test_jobs_wait_while_nobody_is_signed_in_and_end_for_another_user_only(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REFUSED.format(401))
    tab = Tab(context, driven.url, "moe")
    follow = """(id) => {
      globalThis.end = videos.follow(id).finished.then(({ key }) => key, describeError);
    }"""
    tab.run("videos.resume()")
    tab.run(follow, tab.submit())
    fresh = tab.run("token")
    tab.run("(token = null, videos.credits().catch(() => {}))")
    tab.run("dispatchEvent(new Event('online'))")  # the stream is opened again
    tab.until(lambda: tab.run("errors") == ["unauthenticated"])
    fal.complete()
    tab.run("(fresh) => (token = fresh, videos.credits())", fresh)
    assert tab.run("end").endswith(".mp4")

    tab.run(follow, tab.submit())
    tab.run("(token = null, videos.credits().catch(() => {}))")
    tab.run("(other) => (token = other, videos.credits())", token("ned"))
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."
    assert tab.run("videos.jobs.size") == 0
