"""What the studio orders: the template, the picture that is sent, the format and the price."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.fal import DrivenFal
from tests.browser.server import Server
from tests.browser.studio import Studio
from tests.browser.tab import HeldRequests
from tests.support.tokens import token

pytestmark = pytest.mark.timeout(240)


def test_the_template_is_marked_if_the_catalogue_comes_after_the_first_event(
    context: BrowserContext, driven: Server, fal: DrivenFal
) -> None:
    studio = Studio(context, driven.url, token=token("late-catalogue"))
    studio.start()
    catalogue = HeldRequests()
    studio.page.route("**/api/templates", catalogue.hold)
    studio.page.reload()
    expect(studio.page.get_by_role("img", name="1 under way")).to_be_visible()
    catalogue.release()
    templates = studio.page.get_by_role("radiogroup", name="Template")
    expect(templates.get_by_role("radio", checked=True)).to_have_count(1)
    fal.complete()
