"""What a job costs: the credits of its template times the factors of its choices, exactly.

Files and the database hold a factor as a binary float. It is read as the shortest decimal number
that the float stands for: JSON writes that one, and browsers read it back. So 1.1 is 11/10 here.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import PlainValidator

from app.templates.field_errors import FieldError
from app.templates.values import MAX_NUMBER, Value, is_number
from app.templates.variables import ChoiceVariable, Variable

SMALLEST_WITHOUT_EXPONENT = 1e-6
"""JavaScript writes smaller numbers with an exponent."""


def _read_factor(value: object) -> Decimal:
    if not (is_number(value) or isinstance(value, Decimal)):
        raise ValueError("must be a number")
    factor = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not factor.is_finite() or factor <= 0:
        raise ValueError("must be a positive, finite number")
    if Decimal(repr(float(factor))) != factor:
        raise ValueError("must have at most 15 digits: JSON does not carry more")
    return factor


Factors = dict[str, dict[str, Annotated[Decimal, PlainValidator(_read_factor)]]]
"""What each choice of a variable multiplies the price by: ``{variable: {choice: factor}}``."""


def price(base: int, factors: Factors, values: Mapping[str, Value]) -> int:
    """Return the price in whole credits, rounded up; a choice without a factor has 1.

    Args:
        base: the price if all choices have the factor 1.
        factors: checked by :func:`require_consistency`.
        values: the variables of the job, checked, with their defaults.

    """
    exact = Fraction(base)
    for variable, by_choice in factors.items():
        if variable in values:
            exact *= Fraction(by_choice.get(_name_of(values[variable]), 1))
    return math.ceil(exact)


def require_consistency(base: int, factors: Factors, variables: Iterable[Variable]) -> None:
    """Check that each factor belongs to one choice, and that no price is too large for JSON.

    Raises:
        FieldError: names the factor.

    """
    choices = {each.name: each for each in variables if isinstance(each, ChoiceVariable)}
    dearest = Fraction(base)
    for variable, by_choice in factors.items():
        if variable not in choices:
            raise FieldError(f"factors.{variable}", "is no variable of the type choice")
        _require_choices(choices[variable], by_choice)
        dearest *= max([Fraction(1), *map(Fraction, by_choice.values())])
    if dearest > MAX_NUMBER:
        raise FieldError("factors", f"the dearest job would cost more than {MAX_NUMBER} credits")


def _require_choices(variable: ChoiceVariable, factors: Mapping[str, Decimal]) -> None:
    names = [_name_of(choice) for choice in variable.choices]
    for name, factor in factors.items():
        field = f"factors.{variable.name}.{name}"
        if names.count(name) != 1:
            raise FieldError(field, "must be the name of one choice")
        if variable.default is not None and name == _name_of(variable.default) and factor != 1:
            raise FieldError(field, "must be 1, because it is the default")


def _name_of(choice: Value) -> str:
    """Return the key of a choice in ``factors``, as JavaScript's ``String`` writes the choice."""
    if isinstance(choice, bool):
        return str(choice).lower()
    if not isinstance(choice, float):
        return str(choice)
    if choice.is_integer():
        return str(int(choice))
    if abs(choice) < SMALLEST_WITHOUT_EXPONENT:
        return repr(choice).replace("e-0", "e-")  # it writes no leading zeros there
    return format(Decimal(repr(choice)), "f")
