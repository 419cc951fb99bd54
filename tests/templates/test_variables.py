from typing import Any

import pytest

from app.problems import InvalidVariables
from app.templates.values import Value
from tests.support.templates import choice, integer, number, template, text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (text(maxLength=4), "four"),
        (text(), "x" * 500),
        (number(minimum=1, maximum=9), 1),
        (number(minimum=1, maximum=9), 9),
        (number(minimum=0.5), 0.5),
        (number(), -(2**53)),
        (number(), 2**53),
        (number(default=7, minimum=7, maximum=7), 7),
        (integer(minimum=0, maximum=4294967295), 4294967295),
        (integer(), -(2**53)),
    ],
)
def test_value_at_the_limit_is_accepted_unchanged(variable: dict[str, Any], value: object) -> None:
    taken = template(variable).check_variables({variable["name"]: value})
    assert taken == {variable["name"]: value}
    assert type(taken[variable["name"]]) is type(value)


@pytest.mark.parametrize(
    ("variables", "given", "said"),
    [
        ((), [], "object"),
        ((), None, "object"),
        ((), {"else": 1}, "Unknown variables: else"),
        ((text(required=True),), {}, "line is missing"),
        ((text(required=True),), {"line": None}, "line is missing"),
        ((text(required=True),), {"line": "  "}, "must not be empty"),
        ((text(),), {"line": 5}, "must be a text"),
        ((text(),), {"line": "a\x00b"}, "control"),
        ((text(),), {"line": "a\x1b[31m"}, "control"),
        ((text(maxLength=3),), {"line": "four"}, "longer than 3"),
        ((text(),), {"line": "x" * 501}, "longer than 500"),
        ((number(),), {"seed": "5"}, "must be a number, not a text"),
        ((integer(),), {"seed": "5"}, "must be a whole number, not a text"),
        ((integer(),), {"seed": True}, "must be a whole number"),
        ((integer(),), {"seed": 5.5}, r"must be a whole number\."),
        ((integer(),), {"seed": float("nan")}, "must be a whole number"),
        ((integer(),), {"seed": float("inf")}, "must be a whole number"),
        ((integer(),), {"seed": 10**400}, "must be from"),
        ((integer(maximum=4294967295),), {"seed": 4294967296}, "to 4294967295"),
        ((number(),), {"seed": True}, "must be a number"),
        ((number(minimum=1),), {"seed": 0}, "from 1 to"),
        ((number(maximum=9),), {"seed": 9.5}, "to 9"),
        ((number(),), {"seed": float("nan")}, "must be from"),
        ((number(),), {"seed": float("inf")}, "must be from"),
        ((number(),), {"seed": 10**400}, "must be from"),
        ((number(),), {"seed": 2**53 + 1}, "must be from"),
        ((number(),), {"seed": -(2**53) - 1}, "must be from"),
        ((choice("d", "5", "10"),), {"d": 5}, "must be one of '5', '10'"),
        ((choice("d", 5, 10),), {"d": "5"}, "must be one of 5, 10, not a text"),
        ((choice("d", 5, "auto"),), {"d": "5"}, r"must be one of 5, 'auto'\."),
        ((choice("d", 0, 1),), {"d": False}, "must be one of"),
        ((choice("d", 5),), {"d": [5]}, "must be one of"),
    ],
)
def test_value_that_does_not_fit_is_refused_with_the_reason(
    variables: tuple[dict[str, Any], ...], given: object, said: str
) -> None:
    with pytest.raises(InvalidVariables, match=said):
        template(*variables).check_variables(given)


@pytest.mark.parametrize(("chosen", "given"), [(1.0, 1), (5, 5.0), (0, -0.0), (True, True)])
def test_number_is_the_choice_that_equals_it_as_browsers_send_no_other(
    chosen: Value, given: Value
) -> None:
    taken = template(choice("d", 0.5, chosen, 10)).check_variables({"d": given})
    assert repr(taken) == repr({"d": chosen})


def test_emoji_and_line_breaks_are_text() -> None:
    value = "👩‍💻 über\nzwei Zeilen"
    assert template(text()).check_variables({"line": value}) == {"line": value}


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    taken = template(integer()).check_variables({"seed": 5.0})["seed"]
    assert (taken, type(taken)) == (5, int)
