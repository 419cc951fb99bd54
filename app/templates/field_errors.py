"""Which field of a template is wrong, and why."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class FieldError(ValueError):
    """A field contradicts another one; pydantic reports it under the whole model."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def reasons(error: ValidationError) -> str:
    """Return every error as ``field: reason``, separated by semicolons."""
    return "; ".join(f"{_field(each)}: {_reason(each)}" for each in error.errors(include_url=False))


def _field(error: ErrorDetails) -> str:
    field, previous = "", None
    for part in error["loc"]:
        if isinstance(part, int):
            field += f"[{part}]"
        elif not isinstance(previous, int):  # else it is pydantic's name of the variable's type
            field += f".{part}"
        previous = part
    match error:
        case {"type": "union_tag_invalid" | "union_tag_not_found"}:
            field += ".type"
        case {"ctx": {"error": FieldError(field=name)}}:
            field += f".{name}"
    return field.removeprefix(".")


def _reason(error: ErrorDetails) -> str:
    match error:
        case {"type": "union_tag_invalid", "ctx": {"expected_tags": types}}:
            return f"must be one of {types}"
        case {"type": "union_tag_not_found"}:
            return "Field required"
    return error["msg"].removeprefix("Value error, ")
