"""The browser module when a session ends, and when somebody signs in."""

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.tab import Tab
from tests.support.tokens import bearer

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
    cookie_tab.page.clock.pause_at(cookie_tab.run("Date.now()") / 1000 + 1)
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
