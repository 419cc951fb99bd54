"""What is wrong with this machine's settings and folders, in words for whoever can change them."""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from app.settings import Settings

LONGEST_SHOWN = 60
NOT_UTF8 = ".env: must be UTF-8"
WORDS = {
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
}
"""By pydantic's kind of error: its own words speak of inputs and parsing."""


def wrong_settings(error: ValidationError) -> list[str]:
    """Return a line for each setting that cannot work; a secret is not shown."""
    return [_complaint(trouble) for trouble in error.errors()]


def unusable_file(error: OSError) -> str:
    """Say what is wrong with a file, and which settings name where it is."""
    return (
        f"{error.filename or 'a file'}: {error.strerror or error}. STORAGE_DIR and SURREAL_URL "
        "must name folders that this user may write, on a disk with room"
    )


def _complaint(trouble: ErrorDetails) -> str:
    name = str(trouble["loc"][0])
    known = WORDS.get(trouble["type"])
    own = trouble["msg"].removeprefix("Value error, ")  # which may quote what was given
    words = known.format_map(trouble.get("ctx", {})) if known else own
    given = _shown(name, trouble["input"]) if words.startswith("must") else ""
    return f"{name.upper()}: {words}{given}"


def _shown(name: str, given: object) -> str:
    """Show what was given, unless it is a secret, or an address that may hold one."""
    text = str(given)
    if SecretStr in _types(name) or set("@?") & set(text) or len(text) > LONGEST_SHOWN:
        return ""
    return f", not {text!r}"


def _types(name: str) -> tuple[object, ...]:
    annotation = Settings.model_fields[name].annotation
    return getattr(annotation, "__args__", (annotation,))
