"""Accessibility checks by axe-core."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Its preloading writes the imported styles into the page, which the policy forbids.
EVERY_RULE = {"rules": {"label-content-name-mismatch": {"enabled": True}}, "preload": False}
"""All of axe's rules; it leaves this one out, unless it is named."""


def violations(page: Page) -> list[str]:
    """Return all violations."""
    found = Axe().run(page, options=EVERY_RULE).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


def serious(page: Page) -> list[str]:
    """Return the serious and critical violations."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
