"""Values that schemathesis cannot generate: pictures, an existing template, cursors."""

import base64
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.transport.requests import REQUESTS_TRANSPORT, multipart_serializer

from tests.support.service import TEMPLATE, png

CANVAS = png(3, 3)
"""Constant, since an idempotency key may not be used again with other content."""
ORDER = {"templateSlug": TEMPLATE, "variables": {"mood": "raw"}}


def _cursor(job: int) -> str:
    text = f"2025-10-08T10:00:00.000000Z job{job}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


schemathesis.openapi.format("cursor", st.integers(0, 99).map(_cursor))


@REQUESTS_TRANSPORT.serializer("multipart/form-data")
def form(context: Any, body: Any) -> Any:
    """Send well-formed submits with a picture; two of three get an order that is accepted."""
    if not _is_negative(context.case.meta):
        order = body["data"]
        is_valid = isinstance(order, dict) and len(order["templateSlug"]) % 3 == 0
        body = body | {"startImage": CANVAS, "data": order if is_valid else ORDER}
    return multipart_serializer(context, body)


def _is_negative(meta: Any) -> bool:
    modes = [meta.generation.mode, *(part.mode for part in meta.components.values())]
    return any(mode.is_negative for mode in modes)
