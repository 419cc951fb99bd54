"""The values that templates, variables and arguments may hold: what JSON carries without loss."""

from typing import Annotated, TypeGuard

from pydantic import AfterValidator, PlainValidator

Value = str | int | float

MAX_NUMBER = 2**53
"""Above it, JSON readers that use binary floats lose digits (RFC 8259, section 6)."""


def is_value(value: object) -> TypeGuard[Value]:
    """Return whether this is a text, a boolean or a number that JSON carries without loss."""
    if is_number(value):
        return -MAX_NUMBER <= value <= MAX_NUMBER  # also false for NaN
    return isinstance(value, bool) or is_text(value)


def is_text(value: object) -> TypeGuard[str]:
    """Return whether this is a text that UTF-8 can encode: without half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= each <= "\udfff" for each in value)


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether this is an integer or a float; Python's booleans are integers too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_text(value: str) -> str:
    if not is_text(value):
        raise ValueError("must not hold half a surrogate pair")
    return value


def _read_value(value: object) -> Value:
    if not is_value(value):
        raise ValueError("must be a text, a number or a boolean")
    return value


def _read_number(value: object) -> int | float:
    if not (is_value(value) and is_number(value)):
        raise ValueError(f"must be a number from {-MAX_NUMBER} to {MAX_NUMBER}")
    return value


TextField = Annotated[str, AfterValidator(_read_text)]
ValueField = Annotated[Value, PlainValidator(_read_value)]
NumberField = Annotated[int | float, PlainValidator(_read_number)]
