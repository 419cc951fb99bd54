"""Templates: a model at fal, its arguments, and the variables that users fill in.

A new template is a file in ``schema/templates`` or a row of the table ``template``, never code.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from app.errors import ConfigurationError
from app.problems import InvalidImage, InvalidVariables
from app.templates import outputs, prices
from app.templates.field_errors import FieldError, reasons
from app.templates.placeholders import fill, fill_text, leaves, names
from app.templates.values import MAX_NUMBER, TextField, Value, is_value
from app.templates.variables import Variable

Ratio = Annotated[FiniteFloat, Field(gt=0)]
AspectRatio = Annotated[TextField, Field(pattern=r"^[1-9][0-9]*:[1-9][0-9]*$")]
AspectRatios = Annotated[tuple[AspectRatio, ...], Field(min_length=1, strict=False)]


class Template(BaseModel):
    """A way to animate a canvas."""

    model_config = ConfigDict(frozen=True, strict=True)

    slug: str
    enabled: bool = True
    """Whether the back office offers it. Not in its file or row, but in ``template_switch``."""
    title: TextField
    description: TextField
    credits: int = Field(ge=0, le=MAX_NUMBER)
    """The price of a job whose choices are the defaults."""
    factors: prices.Factors = {}
    fal_model: TextField = Field(min_length=1)
    model_name: TextField | None = Field(default=None, min_length=1)
    """The model's name for people."""
    image_field: TextField = Field(min_length=1)
    minimum_side: PositiveInt | None = None
    """Pixels that each side of the start image must have."""
    minimum_ratio: Ratio | None = None
    """Of the start image's width to its height."""
    maximum_ratio: Ratio | None = None
    aspect_ratios: AspectRatios | None = None
    """The ratios that the model takes; None if it takes any."""
    start_side: PositiveInt | None = None
    """Pixels that the long side of the start image should have."""
    prompt: TextField
    arguments: dict[str, Any] = {}
    variables: Annotated[tuple[Variable, ...], Field(strict=False)] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, slug: str) -> Self:
        """Read a template's file or row; unknown keys are ignored.

        Raises:
            ConfigurationError: names each field that is missing or wrong.

        """
        if not isinstance(row, Mapping):
            raise ConfigurationError(f"template {slug}: must be an object")
        try:
            return cls.model_validate({**row, "slug": slug})
        except ValidationError as error:
            raise ConfigurationError(f"template {slug}: {reasons(error)}") from error

    @model_validator(mode="after")
    def _require_consistency(self) -> Self:
        defined = [variable.name for variable in self.variables]
        if twice := {name for name in defined if defined.count(name) > 1}:
            raise FieldError("variables", f"defined twice: {', '.join(sorted(twice))}")
        if (self.minimum_ratio or 0) > (self.maximum_ratio or math.inf):
            raise FieldError("minimum_ratio", "must not be above maximum_ratio")
        for path, leaf in [("prompt", self.prompt), *leaves(self.arguments, "arguments")]:
            if leaf is not None and not is_value(leaf):
                raise FieldError(path, "must be a text, a number, a boolean or null")
            if reason := outputs.refusal(path, leaf):
                raise FieldError(path, reason)
            if isinstance(leaf, str) and (unfilled := names(leaf) - set(defined)):
                placeholders = ", ".join(f"{{{name}}}" for name in sorted(unfilled))
                raise FieldError(path, f"no variable fills {placeholders}")
        prices.require_consistency(self.credits, self.factors, self.variables)
        return self

    def price(self, values: Mapping[str, Value]) -> int:
        """Return what a job with these checked variables costs, in whole credits."""
        return prices.price(self.credits, self.factors, values)

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

    def check_image(self, width: int, height: int) -> None:
        """Check the sides of a start image, in pixels.

        Raises:
            InvalidImage: the model would refuse the image, minutes later.

        """
        least = self.minimum_side
        if least is not None and min(width, height) < least:
            raise InvalidImage(
                f"The image has {width} x {height} pixels. {self.title} needs {least} or more on "
                "each side."
            )
        ratio = width / height
        if self.minimum_ratio is not None and ratio < self.minimum_ratio:
            raise InvalidImage(
                f"The image is too tall for {self.title}. Its width must be at least "
                f"{self.minimum_ratio:g} times its height."
            )
        if self.maximum_ratio is not None and ratio > self.maximum_ratio:
            raise InvalidImage(
                f"The image is too wide for {self.title}. Its width must be at most "
                f"{self.maximum_ratio:g} times its height."
            )

    def fal_arguments(self, values: Mapping[str, Value], *, image_url: str) -> dict[str, Any]:
        """Return the model's input, with placeholders filled as in :mod:`placeholders`."""
        return {
            "prompt": fill_text(self.prompt, values),
            **fill(self.arguments, values),
            self.image_field: image_url,
        }
