"""A link with a token signs in only who agrees, and only with a token that the service accepts."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.axe import serious
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.server import Server
from tests.browser.sessions import expire, open_link, sign_in, signed_in, signed_out
from tests.browser.studio import Studio
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)


def test_a_link_of_somebody_else_asks_before_it_signs_anybody_in(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    ada = token("asked", email="ada@example.com")
    other, tab = (Studio(context, driven.url, token=ada) for _ in range(2))
    stored = "localStorage.getItem('access-token')"
    question = tab.page.get_by_role("dialog", name="Continue as mallory@example.com?")
    for keys in (["Enter"], ["Escape"], ["Shift+Tab", "Enter"]):
        signed_in(tab, "ada@example.com")
        tab.go("Library")
        open_link(tab, token("mallory", email="mallory@example.com"))
        expect(question).to_contain_text("You are signed in as ada@example.com.")
        expect(question.get_by_role("button", name="Stay signed in")).to_be_focused()
        assert "token" not in tab.page.url
        assert tab.page.evaluate(stored) == ada
        if keys == ["Enter"]:
            assert serious(tab.page) == []
        for key in keys:
            tab.page.keyboard.press(key)
    for each in (tab, other):
        signed_in(each, "mallory@example.com")
    assert len([each for each in other.requests if each.is_navigation_request()]) == 2

    with tab.page.expect_response(lambda answer: answer.status == 401):
        open_link(tab, "nonsense")
    renewed = token("mallory", email="new@example.com")
    open_link(tab, renewed)
    for each in (tab, other):
        signed_in(each, "new@example.com")
    expect(tab.dialog).to_be_hidden()


def test_a_link_ends_no_session_with_a_token_that_the_service_refuses(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    valid = token("named")
    tab = Studio(context, driven.url, token=valid).until_ready()
    for refused in token("named", secret="of somebody else" * 3), token("named", exp=1):
        with tab.page.expect_response(lambda answer: answer.status == 401):
            open_link(tab, refused)
        signed_in(tab, "named")
        tab.until_ready()
        assert tab.page.evaluate("localStorage.getItem('access-token')") == valid
        expect(tab.toasts).to_have_count(0)


def test_a_link_with_a_token_that_no_request_can_carry_signs_nobody_in(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url)
    signed_out(studio.page)
    with studio.page.expect_navigation():
        open_link(studio, "x" * 100_000)
    signed_out(studio.page)
    sign_in(studio, "x" * 100_000)
    expect(studio.dialog).to_contain_text("Paste your access token.")


def test_a_link_is_taken_at_once_after_the_session_of_somebody_else_has_expired(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    first = token("had-left")

    studio = Studio(context, driven.url, token=first).until_ready()
    expire(context, first)
    open_link(studio, token("comes-next"))
    signed_in(studio, "comes-next")


def test_a_token_that_a_full_storage_refuses_is_not_followed_by_the_one_before(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("before")).until_ready()
    studio.page.evaluate("""() => {
      for (let size = 2 ** 22; size >= 1; size /= 2) {
        try {
          for (let n = 0; ; n += 1) localStorage.setItem(`${size}/${n}`, "x".repeat(size));
        } catch {
          // The next size may still fit.
        }
      }
    }""")
    longer = token("after", email="a-longer-address-than-before@example.com")
    open_link(studio, longer)
    studio.dialog.get_by_role("button", name="Continue").click()
    signed_in(studio, "a-longer-address")
    studio.page.reload()
    signed_out(studio.page)
