"""The page shows what the operator does: to an account by the back office, and to prices."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.conftest import driven_server
from tests.browser.console import REQUEST_FAILED, Console
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.process import PATIENCE
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer, token

LESS = "\N{MINUS SIGN}"


NEW_VARIABLE = {
    "name": "pace",
    "label": "Pace",
    "type": "choice",
    "choices": ["wild", "calm"],
    "required": True,
    "default": "calm",
}


@pytest.fixture(scope="module")
def office(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service with users and a back office."""
    with driven_server(new_home(), fal, ADMIN_API_KEYS=ADMIN_KEY) as server:
        yield server


def test_grants_withdrawals_and_refunds_are_in_the_ledger(
    office: Server, context: BrowserContext, fal: DrivenFal
) -> None:
    def administer(path: str, body: dict[str, Any]) -> None:
        url = f"{office.url}/api/admin/{path}"
        httpx.post(url, json=body, headers=admin_bearer(), timeout=PATIENCE).raise_for_status()

    studio = Studio(context, office.url, token=token("ada"))
    studio.start()
    fal.complete()
    studio.until_video_plays()
    (job,) = httpx.get(f"{office.url}/api/library", headers=bearer("ada"), timeout=PATIENCE).json()[
        "videos"
    ]
    administer(f"jobs/{job['jobId']}/refund", {})
    for credits_, reference in (70, "payment-1"), (-30, "dispute-1"):
        body = {"user": "ada", "credits": credits_, "reference": reference}
        administer("credits", body)
    studio.page.keyboard.press("Escape")
    studio.go("Credits")
    rows = studio.page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Taken back")
    entries = [text.split("\t") for text in rows.all_inner_texts()[1:5]]
    titles = [what.partition("\n")[2].strip() for what, _, _ in entries]
    price = entries[3][2].removeprefix(LESS)
    assert titles == ["", "", job["title"], job["title"]]
    assert [(what.partition("\n")[0], amount) for what, _, amount in entries] == [
        ("Taken back", f"{LESS}30"),
        ("Granted", "+70"),
        ("Charge given back", f"+{price}"),
        ("Charged for a video", f"{LESS}{price}"),
    ]


def test_a_tab_that_is_seen_again_shows_the_present_prices_and_keeps_what_was_entered(
    context: BrowserContext, driven: Server
) -> None:
    asked = list[Route]()

    def answer(route: Route) -> None:
        catalogue = route.fetch().json()
        (zoom,) = (each for each in catalogue["templates"] if each["slug"] == "gentle-zoom")
        zoom["waitSeconds"] = {"from": len(asked), "to": 100}
        if len(asked) > 1:
            zoom["credits"] = 9
            zoom["variables"][1]["choices"] = [4, 6, 8, 10]
            zoom["variables"].append(NEW_VARIABLE)
        asked.append(route)
        route.fulfill(json=catalogue)

    context.clock.install()
    context.route("**/api/templates", answer)
    studio = Studio(context, driven.url, token=token("comes-back")).until_ready()
    page = studio.page
    form = page.get_by_role("form", name="Options")
    words, choice = form.get_by_label("What to look at"), form.get_by_role("radio", name="8")
    words.fill("the door")
    choice.check()
    expect(page.locator("#price")).to_contain_text("8 credits")

    def see_again(*, after_hours: int) -> None:
        moment = page.evaluate("Date.now() / 1000") + after_hours * 3600
        page.clock.set_system_time(moment)
        with page.expect_response("**/api/credits"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    words.focus()
    see_again(after_hours=0)
    assert len(asked) == 1
    with page.expect_response("**/api/templates"):
        see_again(after_hours=1)
    expect(page.locator("#price")).to_contain_text("8 credits")
    expect(words).to_be_focused()  # only the times to wait are others
    with page.expect_response("**/api/templates"):
        see_again(after_hours=1)
    expect(page.locator("#price")).to_contain_text("12 credits")
    expect(words).to_have_value("the door")
    expect(choice).to_be_checked()
    expect(form.get_by_role("radio", name="Calm")).to_be_checked()
    expect(studio.animate).to_be_enabled()


def test_a_form_that_the_service_refuses_is_made_of_its_present_template(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    studio = Studio(context, driven.url, token=token("is-refused")).until_ready()
    page = studio.page

    def change(route: Route) -> None:
        catalogue = route.fetch().json()
        for template in catalogue["templates"]:
            template["variables"][0]["label"] = "Another label"
        route.fulfill(json=catalogue)

    problem = {"code": "invalid_variables", "detail": "There is no such choice."}
    page.route("**/api/templates/video", lambda route: route.fulfill(status=422, json=problem))
    page.route("**/api/templates", change)
    studio.animate.click()
    expect(studio.toasts).to_contain_text("There is no such choice.")
    expect(page.get_by_label("Another label").first).to_be_visible()


def test_a_gallery_without_templates_waits_for_none(
    context: BrowserContext, console: Console, driven: Server
) -> None:
    console.allow(REQUEST_FAILED)
    context.route("**/api/templates", lambda route: route.fulfill(json={"templates": []}))
    page = context.new_page()
    with page.expect_response("**/api/templates"):
        page.goto(f"{driven.url}/#/templates")
    expect(page.get_by_role("heading", name="Templates")).to_be_visible()
    expect(page.locator("[data-part=gallery] .wait")).to_have_count(0)
