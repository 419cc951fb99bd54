"""Accessibility checks by axe-core."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def serious(page: Page) -> list[str]:
    """Return the serious and critical violations."""
    # Its preloading writes the imported styles into the page, which the policy forbids.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
