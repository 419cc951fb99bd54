"""The variables of a template: what a user fills in, and the values that fit."""

import re
from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from app.problems import InvalidVariables
from app.templates.field_errors import FieldError
from app.templates.values import MAX_NUMBER, NumberField, TextField, Value, ValueField, is_number

DEFAULT_MAX_LENGTH = 500
"""Characters of a text variable that has no ``maxLength``."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class _Variable(BaseModel):
    """The fields of every variable. They are read under their names in the HTTP interface."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: TextField = Field(min_length=1)
    label: TextField
    required: bool
    default: ValueField | None = None

    @abstractmethod
    def check(self, value: object) -> Value:
        """Return the value if it fits.

        Raises:
            InvalidVariables: the value does not fit; the message says why.

        """

    @model_validator(mode="after")
    def _require_fitting_default(self) -> Self:
        if self.default is not None:
            try:
                self.check(self.default)
            except InvalidVariables as error:
                raise FieldError("default", str(error)) from error
        return self


class TextVariable(_Variable):
    """Any text of up to ``max_length`` characters, or of any length if that is None."""

    type: Literal["text"]
    max_length: PositiveInt | None = Field(default=DEFAULT_MAX_LENGTH, alias="maxLength")

    def check(self, value: object) -> str:
        if not isinstance(value, str):
            raise InvalidVariables(f"{self.name} must be a text.")
        value = value.replace("\r\n", "\n")
        if _CONTROL.search(value):
            raise InvalidVariables(f"{self.name} must not hold control characters.")
        if self.required and not value.strip():
            raise InvalidVariables(f"{self.name} must not be empty.")
        if self.max_length is not None and len(value) > self.max_length:
            raise InvalidVariables(f"{self.name} is longer than {self.max_length} characters.")
        return value


class _BoundedVariable(_Variable):
    """A number from ``minimum`` to ``maximum``; without them, any that JSON carries exactly."""

    minimum: NumberField | None = None
    maximum: NumberField | None = None

    @property
    def bounds(self) -> tuple[int | float, int | float]:
        """The lowest and the highest number that fit."""
        lowest = -MAX_NUMBER if self.minimum is None else self.minimum
        return lowest, MAX_NUMBER if self.maximum is None else self.maximum

    def require_in_bounds(self, value: float) -> None:
        """Raise InvalidVariables if the value is out of bounds."""
        lowest, highest = self.bounds
        if not lowest <= value <= highest:
            raise InvalidVariables(f"{self.name} must be from {lowest:.16g} to {highest:.16g}.")

    @model_validator(mode="after")
    def _require_range(self) -> Self:
        lowest, highest = self.bounds
        if lowest > highest:
            raise FieldError("minimum", "must not be above maximum")
        return self


class NumberVariable(_BoundedVariable):
    """Any number within the bounds."""

    type: Literal["number"]

    def check(self, value: object) -> int | float:
        if not is_number(value):
            raise InvalidVariables(f"{self.name} must be a number{_but_not_a_text(value)}.")
        self.require_in_bounds(value)
        return value


class IntegerVariable(_BoundedVariable):
    """A whole number; ``5.0`` is the integer 5, as in JSON Schema."""

    type: Literal["integer"]

    def check(self, value: object) -> int:
        if not is_number(value) or value % 1 != 0:  # also true for NaN and infinity
            raise InvalidVariables(f"{self.name} must be a whole number{_but_not_a_text(value)}.")
        self.require_in_bounds(value)
        return int(value)


class ChoiceVariable(_Variable):
    """One of a few values. ``5`` is not ``"5"``, but it is ``5.0``: JavaScript knows one number."""

    type: Literal["choice"]
    choices: Annotated[tuple[ValueField, ...], Field(min_length=1, strict=False)]

    def check(self, value: object) -> Value:
        for choice in self.choices:
            are_alike = type(choice) is type(value) or (is_number(choice) and is_number(value))
            if are_alike and choice == value:
                return choice
        allowed = ", ".join(repr(choice) for choice in self.choices)
        has_text = any(isinstance(choice, str) for choice in self.choices)
        remark = "" if has_text else _but_not_a_text(value)
        raise InvalidVariables(f"{self.name} must be one of {allowed}{remark}.")


def _but_not_a_text(value: object) -> str:
    """Tell the sender of ``"5"`` why it is not the number 5."""
    return ", not a text" if isinstance(value, str) else ""


Variable = Annotated[
    TextVariable | NumberVariable | IntegerVariable | ChoiceVariable, Field(discriminator="type")
]
