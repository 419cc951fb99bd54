"""The browser module when the app around it, or a proxy, does not do what it should."""

import pytest
from playwright.sync_api import BrowserContext, Route

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
