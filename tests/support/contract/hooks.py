"""Values that schemathesis cannot generate: pictures, an existing template, cursors."""

import base64
import json
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.transport.requests import REQUESTS_TRANSPORT, multipart_serializer

from tests.support.service import SUBMIT, TEMPLATE, png

CANVAS = png(3, 3)
"""Constant, since an idempotency key may not be used again with other content."""
EVENT = {
    "type": "object",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"const": "job"},
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Job"},
        },
    },
}
ORDER = {"templateSlug": TEMPLATE, "variables": {"mood": "raw"}}


def _cursor(job: int) -> str:
    text = f"2025-10-08T10:00:00.000000Z job{job}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


schemathesis.openapi.format("cursor", st.integers(0, 99).map(_cursor))


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: Any) -> None:
    """Describe one event: OpenAPI 3.1 describes a stream as text, schemathesis reads its events."""
    answer = raw_schema["paths"][f"{SUBMIT}/events"]["get"]["responses"]["200"]
    answer["content"]["text/event-stream"]["schema"] = EVENT


@REQUESTS_TRANSPORT.serializer("multipart/form-data")
def form(context: Any, body: Any) -> Any:
    """Send well-formed submits with a picture; two of three get an order that is accepted."""
    if not _is_negative(context.case.meta):
        slug = body["data"]
        order = {"templateSlug": slug} if slug and len(slug) % 3 == 0 else ORDER
        body = body | {"startImage": CANVAS, "data": json.dumps(order)}
    return multipart_serializer(context, body)


@schemathesis.check
def code_is_documented(_context: Any, response: Any, case: Any) -> None:
    """Fail if a route answers with a problem that the document does not list for it."""
    answers = case.operation.definition.raw["responses"]
    content = answers.get(str(response.status_code), {}).get("content", {})
    if problems := content.get("application/problem+json"):
        assert response.json()["code"] in problems["examples"]


def _is_negative(meta: Any) -> bool:
    modes = [meta.generation.mode, *(part.mode for part in meta.components.values())]
    return any(mode.is_negative for mode in modes)
