"""Reads a JSON body into a model, within bounds."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from app.api.body import reading_body
from app.api.service import service_of
from app.problems import InvalidJSON, InvalidRequest

MAX_JSON_BYTES = 16 * 1024
"""Every body is a few short fields."""
MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "string_type": "must be text",
    "string_unicode": "must be text that UTF-8 can encode",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
    "greater_than_equal": "must be {ge:,} or more",
    "less_than_equal": "must be {le:,} or less",
}
"""By pydantic's type of error. pydantic's own messages are about inputs and strings."""


class Body(BaseModel):
    """The shape of a JSON body: names in camelCase, types as they are, nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


Shape = TypeVar("Shape", bound=Body)


async def json_body(
    request: Request[Any], shape: type[Shape], *, may_be_empty: bool = False
) -> Shape:
    """Read the body of a request; an empty one stands for ``{}`` if it ``may_be_empty``.

    Raises:
        InvalidJSON: it is not a JSON object, too large or too slow.
        InvalidRequest: it has another shape; the detail names what differs.
        TooBusy: there is no memory for it.

    """
    memory = service_of(request).memory.callbacks
    async with reading_body(request, max_bytes=MAX_JSON_BYTES, memory=memory) as body:
        try:
            parsed = json.loads(body or b"{}" if may_be_empty else body)
        except (ValueError, RecursionError) as error:
            raise InvalidJSON("The body is not JSON.") from error
        if not isinstance(parsed, dict):
            raise InvalidJSON("The body must be a JSON object.")
        try:
            return shape.model_validate(parsed)
        except ValidationError as error:
            raise InvalidRequest(_described(error)) from error


def _described(error: ValidationError) -> str:
    """Name each wrong field. The values are not repeated: they may be of any length."""
    complaints = {
        f"{'.'.join(map(str, each['loc'])) or 'the body'}: {_complaint(each)}"
        for each in error.errors(include_url=False, include_input=False)
    }
    return f"{'; '.join(sorted(complaints))}."[:1000]


def _complaint(details: ErrorDetails) -> str:
    known = MESSAGES.get(details["type"])
    own = details["msg"].removeprefix("Value error, ")
    return known.format_map(details.get("ctx", {})) if known else own
