"""Answers that tests give in the place of the service."""

import json

from playwright.sync_api import Page, Route

SUBMIT = "**/api/templates/video"


def refuse(page: Page, status: int, code: str, **headers: str) -> None:
    """Make the next submits fail."""
    problem = {"status": status, "code": code, "detail": f"The reason of {code}."}

    def answer(route: Route) -> None:
        kind = "application/problem+json"
        route.fulfill(status=status, body=json.dumps(problem), content_type=kind, headers=headers)

    page.route(SUBMIT, answer)
