"""The page shows what the back office does to an account."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import driven_server
from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.support.process import PATIENCE
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer, token

LESS = "\N{MINUS SIGN}"


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
