"""The price of a job: exact, at its template's choices, or the template is refused."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.templates.values import MAX_NUMBER, Value
from tests.support.templates import choice, number, template, text


@pytest.mark.parametrize(
    ("base", "factor", "price"),
    [
        (10, 1, 10),
        (10, 1.75, 18),  # 17.5
        (100, 1.1, 110),  # a binary 1.1 is above 11/10
        (1000, 1.001, 1001),
        (3, 0.1, 1),  # 0.3
        (10, 0.3, 3),
        (0, 7.5, 0),
        (1, 1e-300, 1),
        (1, Decimal("2.50"), 3),
        (MAX_NUMBER, 1, MAX_NUMBER),
        (MAX_NUMBER // 3, 3, MAX_NUMBER // 3 * 3),
        (9_007_199_254_740_991, 0.999999999999999, 9_007_199_254_740_982),
    ],
)
def test_price_is_exact_and_rounded_up(base: int, factor: Any, price: int) -> None:
    given = template(choice("d", "a", "b"), credits=base, factors={"d": {"b": factor}})
    assert given.price({"d": "b"}) == price
    assert given.price({"d": "a"}) == given.price({}) == base


def test_price_is_multiplied_by_the_factor_of_each_choice() -> None:
    given = template(
        choice("seconds", 5, 10, default=5),
        choice("size", "720p", "1080p", default="720p"),
        choice("mood", "raw", "calm"),
        text(),
        credits=10,
        factors={"seconds": {"10": 2}, "size": {"1080p": 1.55, "720p": 1}},
    )
    chosen: dict[str, Value] = {"seconds": 10, "size": "1080p", "mood": "raw", "line": "10"}
    assert given.price(chosen) == 31
    assert given.price(given.check_variables({"seconds": 10.0})) == 20
    assert given.price(given.check_variables({})) == 10


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("4s", "4s"),
        ("", ""),
        (True, "true"),
        (-5, "-5"),
        (5.0, "5"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (0.00001, "0.00001"),
        (0.00000012, "1.2e-7"),
        (MAX_NUMBER, "9007199254740992"),
    ],
)
def test_a_choice_is_named_as_javascript_writes_it(value: Value, name: str) -> None:
    given = template(choice("d", value), credits=2, factors={"d": {name: 3}})
    assert given.price({"d": value}) == 6


def test_factors_survive_json() -> None:
    written = '{"d": {"a": 1.1, "b": 123456.789012345, "c": 7e-9}}'
    given = template(choice("d", "a", "b", "c"), credits=1, factors=json.loads(written))
    factors = given.factors["d"]
    assert factors == {"a": Decimal("1.1"), "b": Decimal("123456.789012345"), "c": Decimal("7e-9")}
    assert (
        json.loads(json.dumps({name: float(each) for name, each in factors.items()}))
        == (json.loads(written)["d"])
    )


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ({"none": {"a": 2}}, "factors.none: is no variable of the type choice"),
        ({"line": {"a": 2}}, "factors.line: is no variable of the type choice"),
        ({"seed": {"5": 2}}, "factors.seed: is no variable of the type choice"),
        ({"d": {"c": 2}}, "factors.d.c: must be the name of one choice"),
        ({"d": {"5": 2}}, "factors.d.5: must be the name of one choice"),
        ({"d": {"a": 2}}, "factors.d.a: must be 1, because it is the default"),
        ({"d": {"b": 0}}, "factors.d.b: must be a positive, finite number"),
        ({"d": {"b": -1.5}}, "factors.d.b: must be a positive, finite number"),
        ({"d": {"b": math.nan}}, "factors.d.b: must be a positive, finite number"),
        ({"d": {"b": math.inf}}, "factors.d.b: must be a positive, finite number"),
        ({"d": {"b": Decimal("sNaN")}}, "factors.d.b: must be a positive, finite number"),
        ({"d": {"b": Decimal("1.00000000000000001")}}, "factors.d.b: must have at most 15 digits"),
        ({"d": {"b": Decimal("1e400")}}, "factors.d.b: must have at most 15 digits"),
        ({"d": {"b": 10**400}}, "factors.d.b: must have at most 15 digits"),
        ({"d": {"b": "2"}}, "factors.d.b: must be a number"),
        ({"d": {"b": True}}, "factors.d.b: must be a number"),
        ({"d": {"b": None}}, "factors.d.b: must be a number"),
        ({"d": {"b": MAX_NUMBER}}, "factors: the dearest job would cost more than"),
        ({"d": {"b": 2**30}, "e": {"y": 2**30}}, "factors: the dearest job would cost more than"),
        ({"d": 2}, "factors.d: "),
        ([], "factors: "),
        (None, "factors: "),
    ],
)
def test_a_template_with_wrong_factors_is_refused(factors: Any, reason: str) -> None:
    variables = [
        choice("d", "a", "b", 5, "5", default="a"),
        choice("e", "x", "y"),
        text("line"),
        number("seed"),
    ]
    with pytest.raises(ConfigurationError) as refused:
        template(*variables, credits=2, factors=factors)
    assert str(refused.value).startswith(f"template test: {reason}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_name", ""),
        ("model_name", 5),
        ("start_side", 0),
        ("start_side", "1920"),
        ("aspect_ratios", []),
        ("aspect_ratios", "16:9"),
        ("aspect_ratios", ["16/9"]),
        ("aspect_ratios", ["0:9"]),
    ],
)
def test_wrong_facts_about_the_model_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"template test: {field}"):
        template(**{field: value})
