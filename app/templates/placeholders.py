"""Placeholders: ``{name}`` in a template's texts stands for the value of a variable."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.templates.field_errors import FieldError
from app.templates.values import Value, is_text

MAX_DEPTH = 32
"""Levels of nested objects and lists that are read; deeper ones could exhaust the stack."""

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LEFT_OUT = object()


def names(text: str) -> set[str]:
    """Return the names of the variables that a text asks for."""
    return set(_PLACEHOLDER.findall(text))


def leaves(argument: object, path: str, *, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Return everything in objects and lists, at any depth, with the path to it.

    Raises:
        FieldError: something is nested deeper than ``MAX_DEPTH``, or its name is not a text.

    """
    if depth > MAX_DEPTH:
        raise FieldError(path, f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(argument, dict):
        for name, value in argument.items():
            if not is_text(name):
                raise FieldError(path, "must have texts as names")
            yield from leaves(value, f"{path}.{name}", depth=depth + 1)
    elif isinstance(argument, list):
        for index, value in enumerate(argument):
            yield from leaves(value, f"{path}[{index}]", depth=depth + 1)
    else:
        yield path, argument


def fill(argument: dict[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """Return an object with its placeholders filled at any depth.

    A text that is nothing but ``"{name}"`` becomes the variable's value with its type, and is
    left out if the variable has no value.
    """
    filled = {name: _filled(each, values) for name, each in argument.items()}
    return {name: each for name, each in filled.items() if each is not _LEFT_OUT}


def fill_text(text: str, values: Mapping[str, Value]) -> str:
    """Put variables into a text; one without a value leaves no gap."""
    filled = _PLACEHOLDER.sub(lambda found: str(values.get(found[1], "")), text)
    return re.sub(r" {2,}", " ", filled).strip()


def _filled(argument: object, values: Mapping[str, Value]) -> object:
    if isinstance(argument, str):
        whole = _PLACEHOLDER.fullmatch(argument)
        return values.get(whole[1], _LEFT_OUT) if whole else fill_text(argument, values)
    if isinstance(argument, dict):
        return fill(argument, values)
    if isinstance(argument, list):
        filled = [_filled(each, values) for each in argument]
        return [each for each in filled if each is not _LEFT_OUT]
    return argument
