"""The documentation page, which is rendered from the OpenAPI document."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.axe import serious
from tests.browser.server import Server
from tests.support.openapi import INTERFACE
from tests.support.service import SUBMIT

SCHEMES: list[Any] = ["dark", "light"]


def test_every_route_and_code_is_shown_without_requests_to_other_hosts(
    context: BrowserContext, service: Server
) -> None:
    page = context.new_page()
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{service.url}/docs")
    for operation in INTERFACE.operations.values():
        article = page.locator(f"article#{operation['operationId']}")
        expect(article).to_contain_text(operation["summary"])
        expect(article.locator("details")).to_have_count(len(operation["responses"]))
    text, content = page.locator("main").inner_text(), page.content()
    assert all(code in content for _, code in INTERFACE.problems())
    assert "undefined" not in text
    assert "[object" not in text
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert serious(page) == []
    assert hosts == {urlsplit(service.url).netloc}


def test_the_docs_show_how_to_authenticate_and_which_routes_need_it(
    context: BrowserContext, service: Server
) -> None:
    page = context.new_page()
    page.goto(f"{service.url}/docs")
    for scheme in INTERFACE.document["components"]["securitySchemes"]:
        expect(page.locator(f"#signing-in article#{scheme} pre")).to_be_visible()
    expect(page.locator("article#token")).to_contain_text("Authorization: Bearer <JWT>")
    usual: list[dict[str, Any]] = INTERFACE.document["security"]
    for operation in INTERFACE.operations.values():
        marks = page.locator(f"article#{operation['operationId']} h3 a").all()
        asked = [scheme for each in operation.get("security", usual) for scheme in each]
        assert [mark.inner_text() for mark in marks] == asked
        assert [mark.get_attribute("href") for mark in marks] == [f"#{name}" for name in asked]


def test_code_in_a_description_is_shown_verbatim(context: BrowserContext, service: Server) -> None:
    page = context.new_page()
    page.goto(f"{service.url}/docs")
    description = INTERFACE.operations["POST", SUBMIT]["description"]
    example = page.locator("article#submit > pre").inner_text()
    assert f"```sh\n{example}\n```" in description
    assert "```" not in page.locator("main").inner_text()


def test_headers_of_every_answer_are_shown_once(context: BrowserContext, service: Server) -> None:
    page = context.new_page()
    page.goto(f"{service.url}/docs")
    rows = page.locator("dt")
    for name, where in ("X-Content-Type-Options", 1), ("X-Request-ID", 2):
        expect(rows.filter(has_text=name)).to_have_count(where)
        expect(page.locator("#everywhere dt").filter(has_text=name)).to_have_count(where)
    expect(page.locator("article#submit details dt").filter(has_text="required")).to_have_count(0)


def test_the_index_is_folded_on_a_narrow_screen(context: BrowserContext, service: Server) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{service.url}/docs")
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    link = page.locator("#index a[href='#cancel']")
    expect(link).to_be_hidden()
    page.locator("#index summary").click()
    assert serious(page) == []
    link.click()
    expect(page.locator("article#cancel")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(link).to_be_visible()


def test_a_link_to_a_route_scrolls_to_it(context: BrowserContext, service: Server) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{service.url}/docs#cancel")
    expect(page.locator("article#cancel")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("path", "shown"), [("", "Night life roller"), ("docs", "/api/library")])
def test_pages_work_under_the_prefix_of_a_proxy(
    context: BrowserContext, service: Server, path: str, shown: str
) -> None:
    page = context.new_page()
    beside: list[str] = []

    def proxy(route: Route) -> None:
        before, prefix, after = route.request.url.partition("/under/a/prefix/")
        if not prefix:
            beside.append(route.request.url)
        route.continue_(url=f"{before}/{after}")

    page.route(f"{service.url}/**", proxy)
    page.goto(f"{service.url}/under/a/prefix/{path}")
    expect(page.locator("body")).to_contain_text(shown)
    assert beside == []
