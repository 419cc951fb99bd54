"""The description of the interface: drawn from the document, with no other host."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.server import Server
from tests.browser.test_page_access import serious
from tests.openapi import INTERFACE


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_route_and_code_can_be_read_with_no_other_host(
    context: BrowserContext, service: Server, scheme: Any
) -> None:
    page = context.new_page()
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{service.url}/docs")
    for operation in INTERFACE.operations.values():
        article = page.locator(f"article#{operation['operationId']}")
        expect(article).to_contain_text(operation["summary"])
        expect(article.locator("details")).to_have_count(len(operation["responses"]))
    text = page.locator("main").inner_text()
    assert all(code in page.content() for _, code in INTERFACE.problems())
    assert "undefined" not in text
    assert "[object" not in text
    assert serious(page) == []
    assert hosts == {urlsplit(service.url).netloc}


def test_link_to_a_route_leads_there(context: BrowserContext, service: Server) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{service.url}/docs#cancel")
    expect(page.locator("article#cancel")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
