"""What a user does to sign in, and what the page says of the session."""

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.studio import Studio

NO_STORAGE = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("denied", "SecurityError"); },
});"""


def signed_out(page: Page) -> None:
    """Wait until the page says that nobody is signed in."""
    expect(page.locator("html")).to_have_attribute("data-session", "out")


def sign_in(studio: Studio, value: str) -> None:
    """Sign in with a token, from whatever view is open."""
    studio.page.get_by_role("banner").get_by_role("button", name="Sign in").click()
    dialog = studio.page.get_by_role("dialog", name="Sign in")
    dialog.get_by_label("Access token").fill(value)
    dialog.get_by_role("button", name="Sign in").click()


def open_link(studio: Studio, value: str) -> None:
    """Open a link with a token in the tab."""
    studio.page.evaluate("(hash) => { location.hash = hash; }", f"token={value}")


def signed_in(studio: Studio, name: str) -> None:
    """Wait until the page says who is signed in."""
    expect(studio.page.get_by_role("button", name=f"Account: {name}")).to_be_visible()


def refuse(route: Route) -> None:
    """Answer as the service does after the token has expired."""
    problem = {"status": 401, "code": "unauthenticated", "detail": "The token has expired."}
    route.fulfill(status=401, json=problem, content_type="application/problem+json")


def expire(context: BrowserContext, token: str) -> None:
    """Let a token expire."""

    def meet_expiry(route: Route) -> None:
        expired = route.request.headers.get("authorization") == f"Bearer {token}"
        refuse(route) if expired else route.fallback()

    context.route("**/api/**", meet_expiry)
