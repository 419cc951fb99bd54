"""Who is signed in: said on every view and shared by all tabs; sessions that expire."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.axe import serious
from tests.browser.conftest import driven_server
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.sessions import NO_STORAGE, expire, refuse, sign_in, signed_in, signed_out
from tests.browser.studio import VIEWS, Studio
from tests.browser.tab import Tab
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)

# Not by the editor's module, a second copy of which would take the tab for a duplicated one.
DRAFTS = """() => new Promise((resolve) => {
  const opening = indexedDB.open("designer");
  opening.onsuccess = () => {
    const drafts = opening.result.transaction("drafts").objectStore("drafts").getAll();
    const facts = ({ owner, scene }) => [owner, scene.objects.length];
    drafts.onsuccess = () => resolve(drafts.result.map(facts));
    opening.result.close();
  };
})"""


@pytest.fixture(scope="module")
def shop(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service whose operator has pages for signing in and for buying credits."""
    places = {
        "SIGN_IN_URL": "https://id.example/sign-in?app=video",
        "CREDITS_URL": "https://shop.example/credits?from=a&to=b",
    }
    with driven_server(new_home(), fal, **places) as server:
        yield server


def test_every_view_says_that_nobody_is_signed_in_and_all_tabs_share_the_session(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    one, other = (Studio(context, driven.url) for _ in range(2))
    signed_out(one.page)
    hint = one.page.locator("#order-hint")
    expect(hint).to_have_text("You are signed out. Sign in")
    expect(one.animate).to_have_attribute("aria-disabled", "true")
    assert serious(one.page) == []
    for view in VIEWS[1:]:
        one.go(view.capitalize())
        expect(one.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert serious(one.page) == []
    asked = {urlsplit(request.url).path for request in one.requests}
    assert {path for path in asked if path.startswith("/api/")} == {"/api/me", "/api/templates"}
    expect(one.toasts).to_have_count(0)

    sign_in(one, "t€xt")
    expect(one.dialog).to_contain_text("Paste your access token.")
    one.page.keyboard.press("Escape")
    one.page.goto(f"{driven.url}/#token=%0At")
    signed_out(one.page)
    sign_in(one, "nonsense")
    expect(one.dialog).to_contain_text("does not accept this token")
    expect(other.page.locator("html")).to_have_attribute("data-session", "out")
    one.page.keyboard.press("Escape")
    sign_in(one, token("ada", email="ada@example.com"))
    for tab in (one, other):
        expect(tab.page.get_by_role("button", name="Account: ada@example.com")).to_be_visible()
        expect(tab.page.get_by_role("heading", name="You are signed out")).to_be_hidden()
    other.until_ready()

    other.page.get_by_role("button", name="Account").click()
    assert serious(other.page) == []
    other.page.get_by_role("button", name="Sign out").click()
    for tab in (one, other):
        signed_out(tab.page)
    assert one.page.evaluate("localStorage.getItem('access-token')") is None


def test_a_session_that_expires_loses_nothing(
    context: BrowserContext, console: Console, driven: Server, fal: DrivenFal
) -> None:
    console.allow(REQUEST_FAILED)
    first, second = (token("late", email=name) for name in ("old@example.com", "new@example.com"))
    studio = Studio(context, driven.url, token=first)
    studio.start()
    fal.begin()
    expect(studio.dialog).to_contain_text("Generating")

    expire(context, first)
    studio.page.evaluate("dispatchEvent(new Event('online'))")  # the stream is opened again
    expect(studio.toasts).to_contain_text("You are signed out")
    fal.complete()
    studio.toasts.get_by_role("button", name="Sign in").click()
    dialog = studio.page.get_by_role("dialog", name="Sign in")
    dialog.get_by_label("Access token").fill(second)
    dialog.get_by_role("button", name="Sign in").click()
    studio.until_video_plays()
    expect(studio.toasts).to_have_count(0)
    studio.page.keyboard.press("Escape")
    expect(studio.page.get_by_role("button", name="Account: new@example.com")).to_be_visible()
    studio.until_ready()


def test_an_expired_session_is_said_once_to_those_who_see_the_page(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("sees")).until_ready()
    studio.go("Library")
    expect(studio.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    context.route("**/api/**", refuse)
    studio.page.evaluate("dispatchEvent(new Event('online'))")  # the stream is opened again
    strip = studio.page.get_by_role("heading", name="You are signed out")
    expect(strip).to_be_visible()
    expect(studio.page.locator("#announcer")).to_contain_text("your session has expired")
    expect(studio.toasts).to_have_count(0)

    studio.go("Studio")
    studio.page.reload()
    expect(studio.toasts).to_contain_text("You are signed out")
    expect(strip).to_be_hidden()
    studio.go("Library")
    expect(strip).to_be_visible()
    expect(studio.toasts).to_have_count(0)


def test_signing_out_reaches_tabs_that_cannot_store_their_token(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    context.add_init_script(NO_STORAGE)
    one, other = (Studio(context, driven.url, token=token("forgetful")) for _ in range(2))
    signed_in(other, "forgetful")
    signed_in(one, "forgetful")
    one.page.get_by_role("button", name="Account").click()
    one.page.get_by_role("button", name="Sign out").click()
    for tab in (one, other):
        signed_out(tab.page)


def test_the_operators_page_signs_in_and_sells_credits_without_storage_too(
    context: BrowserContext, console: Console, shop: Server
) -> None:
    console.allow(REQUEST_FAILED)

    def sign_in_there(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        assert query["app"] == ["video"]
        back = f"{query['return_to'][0]}#token={token('guest')}"
        route.fulfill(status=302, headers={"Location": back})

    context.add_init_script(NO_STORAGE)
    context.route("https://id.example/**", sign_in_there)
    poor = {"balance": 1, "held": 0, "available": 1, "entries": []}
    context.route("**/api/credits", lambda route: route.fulfill(json=poor))
    studio = Studio(context, shop.url)
    signed_out(studio.page)
    canvas = studio.page.get_by_role("application")
    expect(canvas).to_have_attribute("aria-label", re.compile("objects: 2"))
    studio.page.get_by_role("button", name="Add star").click()
    studio.until(lambda: studio.page.evaluate(DRAFTS) == [["", 3]])
    studio.go("Credits")
    studio.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    offer = studio.page.get_by_role("main").get_by_role("link", name="Get credits")
    expect(offer).to_be_visible()
    assert urlsplit(studio.page.url).fragment == "/credits"
    places = [offer.get_attribute("href")]
    studio.go("Studio")
    places.append(
        studio.page.locator("#order-hint").get_by_role("link", name="Get").get_attribute("href")
    )
    assert places == ["https://shop.example/credits?from=a&to=b"] * 2
    expect(canvas).to_have_attribute("aria-label", re.compile("objects: 3"))
    assert studio.page.evaluate(DRAFTS) == [["guest", 3]]


def test_without_jobs_too_the_module_says_offline_until_the_network_is_back(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    tab = Tab(context, driven.url, "waits", timing='{"pollMs": 50}')
    tab.run("void videos.resume()")
    tab.until_connected("live")
    tab.run("""() => {
      globalThis.states = [];
      videos.onconnection = (state) => states.push(state);
    }""")
    before = tab.count("events")
    context.set_offline(True)
    tab.until(lambda: tab.count("events") >= before + 2)
    assert tab.run("states") == ["offline"]
    context.set_offline(False)
    tab.until_connected("live")


def test_who_comes_back_with_an_expired_session_is_signed_out_and_not_offline(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("sleeps")).until_ready()
    connection = studio.page.locator("#connection")
    context.set_offline(True)
    expect(connection).to_have_text("Offline")
    refused = {"status": 401, "code": "unauthenticated", "title": "Unauthenticated"}
    context.route("**/api/**", lambda route: route.fulfill(status=401, json=refused))
    context.set_offline(False)
    expect(studio.page.get_by_role("button", name="Sign in").first).to_be_visible()
    expect(connection).to_have_text("")


def test_a_page_under_a_prefix_leaves_the_storage_of_its_origin_alone(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)

    def proxy(route: Route) -> None:
        route.continue_(url=route.request.url.replace("/under/a/prefix/", "/"))

    context.route("**/under/a/prefix/**", proxy)
    own = "Object.keys(localStorage).find((key) => key.endsWith('access-token'))"
    studio = Studio(context, f"{driven.url}/under/a/prefix", token=token("ada"))
    expect(studio.page.locator("html")).to_have_attribute("data-session", "in")
    assert studio.page.evaluate(own) == "designer/under/a/prefix/access-token"

    studio.page.evaluate("""() => {
      localStorage.setItem("access-token", "the app's");
      sessionStorage.setItem("work", "the app's");
      localStorage.removeItem("designer/under/a/prefix/access-token");
    }""")
    studio.page.reload()
    signed_out(studio.page)
    kept = "[localStorage.getItem('access-token'), sessionStorage.getItem('work')]"
    assert studio.page.evaluate(kept) == ["the app's"] * 2
