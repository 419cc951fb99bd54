"""What a first visit takes. ``make bench ARGS=page`` measures how long."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.page_load import SLOW_4G, PageLoad
from tests.browser.server import Server
from tests.browser.studio import LAPTOP, PHONE

SHORT = 500
"""Bytes; compression would not make such a text smaller."""


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_first_visit_takes_few_requests_and_compressed_texts_and_its_layout_does_not_shift(
    context: BrowserContext, service: Server, size: Any
) -> None:
    load = PageLoad(context, service.url, line=SLOW_4G, size=size)
    assert len(load.addresses) <= 40
    assert {urlsplit(address).netloc for address in load.addresses} == {
        urlsplit(service.url).netloc
    }
    assert len(load.paths("/api/templates")) == 1  # what index.html preloads is used
    assert len(load.paths(".mp4")) <= 1  # no preview plays that is not in view
    assert load.bytes < 400_000
    assert load.shift < 0.05
    texts = [response for response in load.responses if _is_text(response["mimeType"])]
    plain = [text["url"] for text in texts if text["headers"].get("content-encoding") != "gzip"]
    assert [url for url in plain if len(context.request.get(url).body()) > SHORT] == []
    assert len(plain) < len(texts)


def _is_text(kind: str) -> bool:
    return kind in {"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"}
