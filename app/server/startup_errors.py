"""Turns errors at the start into lines that name the setting to change."""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from app.settings import Settings

LONGEST_SHOWN = 60
"""Characters of a wrong value that a message repeats."""
NOT_UTF8 = ".env: must be UTF-8"
MESSAGES = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be greater than {gt:.16g}",
    "greater_than_equal": "must be {ge:.16g} or more",
    "less_than_equal": "must be {le:.16g} or less",
    "literal_error": "must be {expected}",
}
"""By pydantic's type of error. pydantic's own messages are about inputs and parsing."""


def wrong_settings(error: ValidationError) -> list[str]:
    """Return one line for each invalid setting, without the values of secrets."""
    return [_line(details) for details in error.errors()]


def unusable_file(error: OSError) -> str:
    """Return what is wrong with a file, and which settings name its folder."""
    return (
        f"{error.filename or 'a file'}: {error.strerror or error}. STORAGE_DIR and SURREAL_URL "
        "must name folders that this user may write, on a disk with room"
    )


def _line(details: ErrorDetails) -> str:
    name = str(details["loc"][0])
    known = MESSAGES.get(details["type"])
    own = details["msg"].removeprefix("Value error, ")  # a validator of ours may quote the value
    message = known.format_map(details.get("ctx", {})) if known else own
    given = _shown(name, details["input"]) if message.startswith("must") else ""
    return f"{name.upper()}: {message}{given}"


def _shown(name: str, given: object) -> str:
    """Return the wrong value, unless it is long, secret, or an address that may hold a secret."""
    text = str(given)
    if SecretStr in _types(name) or set("@?") & set(text) or len(text) > LONGEST_SHOWN:
        return ""
    return f", not {text!r}"


def _types(name: str) -> tuple[object, ...]:
    annotation = Settings.model_fields[name].annotation
    return getattr(annotation, "__args__", (annotation,))
