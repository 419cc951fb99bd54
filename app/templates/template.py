"""Templates: what a user fills in, and what fal is sent. A new one is a row, never code."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from app.errors import ConfigurationError, InvalidVariables

Value = str | int | float
VariableType = Literal["text", "number", "choice"]

DEFAULT_MAX_LENGTH = 500
"""Characters of a text variable that names no ``maxLength``."""

MAX_NUMBER = 2**53
"""A number variable without bounds: what JSON carries without loss."""

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One thing that a template asks its user for."""

    name: str
    label: str
    type: VariableType
    required: bool
    default: Value | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Value, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a definition as templates hold it, in the names of the HTTP interface."""
        variable = cls(
            name=row["name"],
            label=row["label"],
            type=row["type"],
            required=row["required"],
            default=row.get("default"),
            max_length=row.get("maxLength", DEFAULT_MAX_LENGTH if row["type"] == "text" else None),
            minimum=row.get("minimum"),
            maximum=row.get("maximum"),
            choices=tuple(row.get("choices", ())),
        )
        if variable.type not in get_args(VariableType):
            raise ConfigurationError(f"{variable.name}: no such type: {variable.type}")
        if variable.type == "choice" and not variable.choices:
            raise ConfigurationError(f"{variable.name}: a choice needs choices")
        if variable.default is not None:
            variable.check(variable.default)
        return variable

    def to_public(self) -> dict[str, Any]:
        """Return the shape that ``GET /api/templates`` shows, without what is not set."""
        shape = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "required": self.required,
            "default": self.default,
            "maxLength": self.max_length,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices) or None,
        }
        return {key: value for key, value in shape.items() if value is not None}

    def check(self, value: object) -> Value:
        """Return the value if it fits.

        Raises:
            InvalidVariables: it does not; the message says why.

        """
        match self.type:
            case "text":
                return self._check_text(value)
            case "number":
                return self._check_number(value)
            case "choice":
                for choice in self.choices:
                    if type(choice) is type(value) and choice == value:
                        return choice
                allowed = ", ".join(repr(choice) for choice in self.choices)
                raise InvalidVariables(f"{self.name} must be one of {allowed}.")

    def _check_text(self, value: object) -> str:
        if not isinstance(value, str):
            raise InvalidVariables(f"{self.name} must be a text.")
        if _CONTROL.search(value):
            raise InvalidVariables(f"{self.name} must not hold control characters.")
        if self.required and not value.strip():
            raise InvalidVariables(f"{self.name} must not be empty.")
        if self.max_length is not None and len(value) > self.max_length:
            raise InvalidVariables(f"{self.name} is longer than {self.max_length} characters.")
        return value

    def _check_number(self, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidVariables(f"{self.name} must be a number.")
        lowest = -MAX_NUMBER if self.minimum is None else self.minimum
        highest = MAX_NUMBER if self.maximum is None else self.maximum
        if not lowest <= value <= highest:
            raise InvalidVariables(f"{self.name} must be from {lowest:g} to {highest:g}.")
        return value


@dataclass(frozen=True, kw_only=True)
class Template:
    """A way to animate a canvas: a model, its arguments, and the variables they take."""

    slug: str
    title: str
    description: str
    credits: int
    fal_model: str
    image_field: str
    prompt: str
    arguments: Mapping[str, Any]
    variables: tuple[Variable, ...]

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, slug: str) -> Self:
        """Read a template's row.

        Raises:
            ConfigurationError: it asks for a variable that it does not define, or its
                definitions contradict each other.

        """
        try:
            template = cls(
                slug=slug,
                title=row["title"],
                description=row["description"],
                credits=row["credits"],
                fal_model=row["fal_model"],
                image_field=row["image_field"],
                prompt=row["prompt"],
                arguments=row.get("arguments", {}),
                variables=tuple(Variable.from_row(each) for each in row.get("variables", ())),
            )
        except (KeyError, TypeError, InvalidVariables, ConfigurationError) as error:
            raise ConfigurationError(f"template {slug}: {error}") from error
        names = [variable.name for variable in template.variables]
        if len(set(names)) < len(names):
            raise ConfigurationError(f"template {slug}: a variable is defined twice")
        if unknown := set(_placeholders([template.prompt, *template.arguments.values()])) - set(
            names
        ):
            raise ConfigurationError(f"template {slug}: undefined {', '.join(sorted(unknown))}")
        return template

    def to_public(self) -> dict[str, Any]:
        """Return the shape that ``GET /api/templates`` shows."""
        return {
            "slug": self.slug,
            "title": self.title,
            "description": self.description,
            "credits": self.credits,
            "falModel": self.fal_model,
            "variables": [variable.to_public() for variable in self.variables],
        }

    def check_variables(self, given: object) -> dict[str, Value]:
        """Return the variables with their defaults filled in.

        Raises:
            InvalidVariables: one is missing, unknown or does not fit.

        """
        if not isinstance(given, Mapping):
            raise InvalidVariables("variables must be an object.")
        if unknown := given.keys() - {variable.name for variable in self.variables}:
            raise InvalidVariables(f"Unknown variables: {', '.join(sorted(map(str, unknown)))}.")
        values: dict[str, Value] = {}
        for variable in self.variables:
            value = given.get(variable.name, variable.default)
            if value is not None:
                values[variable.name] = variable.check(value)
            elif variable.required:
                raise InvalidVariables(f"{variable.name} is missing.")
        return values

    def fal_arguments(self, values: Mapping[str, Value], *, image_url: str) -> dict[str, Any]:
        """Return the model's input.

        An argument that is nothing but ``"{name}"`` takes the variable's value with its type,
        and is left out where the variable is; elsewhere a variable is put into the text.
        """
        arguments: dict[str, Any] = {"prompt": _fill(self.prompt, values)}
        for name, argument in self.arguments.items():
            whole = _PLACEHOLDER.fullmatch(argument) if isinstance(argument, str) else None
            if whole is None:
                arguments[name] = _fill(argument, values) if isinstance(argument, str) else argument
            elif whole[1] in values:
                arguments[name] = values[whole[1]]
        arguments[self.image_field] = image_url
        return arguments


def _fill(text: str, values: Mapping[str, Value]) -> str:
    filled = _PLACEHOLDER.sub(lambda found: str(values.get(found[1], "")), text)
    return re.sub(r" {2,}", " ", filled).strip()


def _placeholders(texts: Iterable[object]) -> Iterable[str]:
    for text in texts:
        if isinstance(text, str):
            yield from _PLACEHOLDER.findall(text)
