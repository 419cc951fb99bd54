"""The browser module when a session ends, and when somebody signs in."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import HeldRequests, Tab
from tests.support.tokens import bearer, token

SIGNED_OUT = REQUEST_FAILED + r"the server responded with a status of 401 "


class CookieTab(Tab):
    """A tab of an app whose server adds the token itself, while its session lasts."""

    def __init__(self, context: BrowserContext, service: Server, user: str) -> None:
        super().__init__(context, service.url, user)
        self.has_session = False
        self._token = bearer(user)
        self.page.route("**/api/**", self._pass_on)
        self.run("""() => {
          videos = new VideoGeneration();
          videos.onerror = (error) => errors.push(error.code);
        }""")

    def expire(self) -> None:
        """Resume without a session, until the module waits for one."""
        self.run("void videos.resume()")
        self.until(lambda: self.run("errors") == ["unauthenticated"])

    def _pass_on(self, route: Route) -> None:
        added = self._token if self.has_session else {}
        route.continue_(headers=route.request.headers | added)


class SharedTab(Tab):
    """A tab in which somebody else signs in while a request of the first user is held."""

    def __init__(self, context: BrowserContext, service: Server, user: str) -> None:
        super().__init__(context, service.url, user)
        self.run("videos.resume()")
        self.until_connected("live")
        self._held = HeldRequests()
        self._chunks = list[str]()
        network = context.new_cdp_session(self.page)
        network.on("Network.dataReceived", lambda chunk: self._chunks.append(chunk["requestId"]))
        network.send("Network.enable")

    def begin(self, path: str, request: str) -> None:
        """Start a request and hold its answer, until the stream has told what it did."""
        self.page.route(path, self._held.hold)
        self.run(f"() => {{ globalThis.end = {request}.then(() => null, describeError); }}")
        self.until(lambda: self._held.count == 1)
        before = len(self._chunks)
        self._held.fetch()
        self.until(lambda: len(self._chunks) > before)

    def changes_for(self, user: str) -> list[str]:
        """Sign in, deliver the answer, and return the jobs that the module reports from then on."""
        self.run(
            """async (other) => {
              globalThis.changed = [];
              token = other;
              await videos.credits();
              videos.subscribe((job) => changed.push(job.id));
            }""",
            token(user),
        )
        self._held.release()
        self.run("end")
        return list(self.run("new Promise((resolve) => setTimeout(() => resolve(changed), 100))"))


@pytest.fixture
def cookie_tab(
    context: BrowserContext, console: Console, driven: Server, request: pytest.FixtureRequest
) -> CookieTab:
    console.allow(SIGNED_OUT)
    return CookieTab(context, driven, request.node.name)


def test_a_submit_after_another_sign_in_continues_the_stream_of_an_app_with_cookies(
    cookie_tab: CookieTab, fal: DrivenFal
) -> None:
    cookie_tab.page.clock.install()
    cookie_tab.expire()
    cookie_tab.page.clock.pause_at(cookie_tab.run("Date.now()") / 1000 + 2)
    cookie_tab.has_session = True
    job = cookie_tab.submit()
    cookie_tab.until_connected("live")
    fal.complete()
    assert cookie_tab.outcome(job).endswith(".mp4")


def test_a_session_that_is_renewed_in_another_tab_is_found_by_an_app_with_cookies(
    cookie_tab: CookieTab,
) -> None:
    cookie_tab.page.clock.install()
    cookie_tab.expire()
    tried = cookie_tab.count("events")
    cookie_tab.page.clock.run_for(5_000)
    cookie_tab.until(lambda: cookie_tab.count("events") > tried and not cookie_tab.open)
    cookie_tab.has_session = True
    cookie_tab.page.clock.run_for(10_000)
    cookie_tab.until_connected("live")
    assert cookie_tab.run("errors") == ["unauthenticated"]


def test_a_job_that_the_stream_names_before_its_submit_is_answered_stays_with_its_user(
    context: BrowserContext, driven: Server
) -> None:
    tab = SharedTab(context, driven, "ann")
    tab.begin("**/api/templates/video", "submit()")
    assert tab.changes_for("bob") == []
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."


def test_a_cancel_that_is_answered_for_the_next_user_changes_nothing(
    context: BrowserContext, driven: Server
) -> None:
    tab = SharedTab(context, driven, "cat")
    job = tab.submit()
    tab.until_known(job, "queued", "stage")
    tab.begin("**/api/templates/video/cancel?*", f"videos.jobs.get({job!r}).cancel()")
    assert tab.changes_for("dot") == []


def test_jobs_that_are_followed_before_anybody_signs_in_are_those_of_the_first_user(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(SIGNED_OUT)
    tab = Tab(context, driven.url, "eli")
    job = tab.submit()
    tab.run("localStorage.clear()")
    tab.load()
    tab.run("() => { globalThis.fresh = token; token = null; }")
    tab.run("(id) => { globalThis.end = videos.follow(id).finished.catch(describeError); }", job)
    tab.until(lambda: tab.run("errors") == ["unauthenticated"])
    tab.run("(token = fresh, videos.credits())")
    tab.until_known(job, "queued", "stage")
    assert tab.run("[sessionStorage.length, localStorage.length]") == [0, 1]
    tab.run("(other) => (token = other, videos.credits())", token("flo"))
    assert tab.run("end") == "unauthenticated: Somebody else has signed in."


def test_a_user_who_signs_in_for_a_submit_makes_the_video(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(SIGNED_OUT)
    tab = Tab(context, driven.url, "gia")
    tab.run("""() => {
      let current = null;
      const getToken = ({ refused }) => {
        if (refused) current = token;
        return current;
      };
      videos = new VideoGeneration({ getToken });
    }""")
    tab.until_known(tab.submit(), "queued", "stage")
