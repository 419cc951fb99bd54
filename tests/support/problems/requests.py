"""Valid requests to the back office, as its document describes them."""

from typing import Any

from tests.support.openapi import INTERFACE
from tests.support.service import TEMPLATE
from tests.support.tokens import admin_bearer

BACK_OFFICE = {
    operation["operationId"]: (method, path)
    for (method, path), operation in INTERFACE.operations.items()
    if path.startswith("/api/admin/")
}
"""Method and path of each operation."""


def valid_request(operation: str, *, job: str) -> tuple[str, str, dict[str, Any]]:
    """Return method, path and keywords for httpx; the body is the document's first example."""
    method, path = BACK_OFFICE[operation]
    request: dict[str, Any] = {"headers": admin_bearer()}
    if body := INTERFACE.operations[method, path].get("requestBody"):
        request["json"] = next(iter(INTERFACE.examples(body, "application/json").values()))
    return method, path.format(jobId=job, user="ada", slug=TEMPLATE), request
