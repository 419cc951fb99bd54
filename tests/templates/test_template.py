import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError, InvalidVariables
from app.templates.template import Template

SHIPPED = sorted(Path("schema/templates").glob("*.json"))
MODELS: dict[str, tuple[str, type, set[object]]] = {
    "fal-ai/kling-video/v2.5-turbo/pro/image-to-video": ("image_url", str, {"5", "10"}),
    "fal-ai/kling-video/v3/pro/image-to-video": (
        "start_image_url",
        str,
        {str(n) for n in range(3, 16)},
    ),
    "fal-ai/veo3.1/fast/image-to-video": ("image_url", str, {"4s", "6s", "8s"}),
    "fal-ai/minimax/hailuo-2.3/standard/image-to-video": ("image_url", str, {"6", "10"}),
    "bytedance/seedance-2.0/image-to-video": (
        "image_url",
        str,
        {"auto", *(str(n) for n in range(4, 16))},
    ),
    "fal-ai/wan/v2.7/image-to-video": ("image_url", int, set(range(2, 16))),
    "fal-ai/ltx-2.3/image-to-video/fast": ("image_url", int, set(range(6, 21, 2))),
}


def read(path: Path) -> Template:
    return Template.from_row(json.loads(path.read_text()), slug=path.stem)


def template(*variables: dict[str, Any], **changes: Any) -> Template:
    row = {
        "title": "Test",
        "description": "",
        "credits": 1,
        "fal_model": "fal-ai/test",
        "image_field": "image_url",
        "prompt": "A prompt",
        "arguments": {},
        "variables": variables,
    }
    return Template.from_row(row | changes, slug="test")


def text(name: str = "line", **changes: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "text", "required": False} | changes


def number(name: str = "seed", **changes: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": "number", "required": False} | changes


def choice(name: str = "duration", *choices: Any, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "choice",
        "required": False,
        "choices": choices,
    } | changes


def sample(template: Template) -> dict[str, Any]:
    """Give every required variable that has no default a value."""
    return {
        variable.name: "A sample"
        for variable in template.variables
        if variable.required and variable.default is None
    }


def test_eight_templates_over_five_models_are_shipped_with_the_night_life_roller() -> None:
    shipped = [read(path) for path in SHIPPED]
    assert len(shipped) >= 8
    assert len({each.fal_model for each in shipped}) >= 5
    assert "night-life-roller" in {each.slug for each in shipped}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_template_sends_what_its_model_takes(path: Path) -> None:
    shipped = read(path)
    image_field, duration_type, durations = MODELS[shipped.fal_model]
    arguments = shipped.fal_arguments(
        shipped.check_variables(sample(shipped)), image_url="https://image"
    )
    assert arguments[image_field] == "https://image"
    assert arguments["prompt"]
    assert type(arguments["duration"]) is duration_type
    for variable in shipped.variables:
        if variable.name == "duration":
            assert set(variable.choices) <= durations


def test_variable_is_put_into_the_text() -> None:
    given = template(text("who", required=True), prompt="{who} dances")
    assert given.fal_arguments({"who": "Ada"}, image_url="u")["prompt"] == "Ada dances"


def test_braces_that_a_user_types_are_not_filled_again() -> None:
    given = template(text("a"), text("b"), prompt="{a} and {b}")
    values = given.check_variables({"a": "{b}", "b": "x"})
    assert given.fal_arguments(values, image_url="u")["prompt"] == "{b} and x"


def test_argument_that_is_only_a_variable_keeps_its_type() -> None:
    given = template(choice("duration", 5, 10), arguments={"duration": "{duration}"})
    arguments = given.fal_arguments(given.check_variables({"duration": 10}), image_url="u")
    assert arguments["duration"] == 10
    assert type(arguments["duration"]) is int


def test_variable_is_put_into_the_text_of_an_argument() -> None:
    given = template(
        choice("seconds", 6), arguments={"duration": "{seconds}s", "negative_prompt": "blur"}
    )
    arguments = given.fal_arguments(given.check_variables({"seconds": 6}), image_url="u")
    assert (arguments["duration"], arguments["negative_prompt"]) == ("6s", "blur")


def test_argument_of_an_optional_variable_is_left_out_where_nothing_is_given() -> None:
    given = template(number(), arguments={"seed": "{seed}", "fps": 24})
    assert given.fal_arguments(given.check_variables({}), image_url="u") == {
        "prompt": "A prompt",
        "fps": 24,
        "image_url": "u",
    }


def test_text_without_its_optional_variable_has_no_gap() -> None:
    given = template(text("mood"), prompt="A {mood} night. {mood}")
    assert given.fal_arguments({}, image_url="u")["prompt"] == "A night."


def test_default_is_filled_in() -> None:
    assert template(text(default="hello")).check_variables({}) == {"line": "hello"}


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
    ],
)
def test_what_just_fits_is_taken_as_it_is(variable: dict[str, Any], value: object) -> None:
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
        ((number(),), {"seed": "5"}, "must be a number"),
        ((number(),), {"seed": True}, "must be a number"),
        ((number(minimum=1),), {"seed": 0}, "from 1 to"),
        ((number(maximum=9),), {"seed": 9.5}, "to 9"),
        ((number(),), {"seed": float("nan")}, "must be from"),
        ((number(),), {"seed": float("inf")}, "must be from"),
        ((number(),), {"seed": 10**400}, "must be from"),
        ((number(),), {"seed": 2**53 + 1}, "must be from"),
        ((number(),), {"seed": -(2**53) - 1}, "must be from"),
        ((choice("d", "5", "10"),), {"d": 5}, "must be one of '5', '10'"),
        ((choice("d", 5, 10),), {"d": "5"}, "must be one of 5, 10"),
        ((choice("d", 0, 1),), {"d": False}, "must be one of"),
        ((choice("d", 5),), {"d": [5]}, "must be one of"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    variables: tuple[dict[str, Any], ...], given: object, said: str
) -> None:
    with pytest.raises(InvalidVariables, match=said):
        template(*variables).check_variables(given)


def test_emoji_and_line_breaks_are_text() -> None:
    value = "👩‍💻 über\nzwei Zeilen"
    assert template(text()).check_variables({"line": value}) == {"line": value}


@pytest.mark.parametrize(
    ("variables", "changes", "said"),
    [
        ((), {"prompt": "{nobody}"}, "undefined nobody"),
        ((), {"arguments": {"seed": "{nobody}"}}, "undefined nobody"),
        ((text(), text()), {}, "a variable is defined twice"),
        ((text(type="date"),), {}, "line: no such type: date"),
        ((choice("d"),), {}, "d: a choice needs choices"),
        ((choice("d", 5, default="5"),), {}, "d must be one of 5"),
        ((number(default="many"),), {}, "seed must be a number"),
        (({"name": "x"},), {}, "label"),
        (("x",), {}, ""),
    ],
)
def test_template_that_contradicts_itself_is_refused_with_the_reason(
    variables: tuple[dict[str, Any], ...], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"template test: .*{said}"):
        template(*variables, **changes)


def test_template_needs_neither_arguments_nor_variables() -> None:
    row = {
        "title": "Test",
        "description": "",
        "credits": 1,
        "fal_model": "fal-ai/test",
        "image_field": "image_url",
        "prompt": "A prompt",
    }
    plain = Template.from_row(row, slug="plain")
    assert plain.fal_arguments(plain.check_variables({}), image_url="u") == {
        "prompt": "A prompt",
        "image_url": "u",
    }


def test_catalogue_shows_what_a_form_needs() -> None:
    shown = template(
        text(maxLength=9, default=""),
        choice("d", 5, required=True, default=5),
        number(minimum=0, maximum=9),
    ).to_public()
    assert shown == {
        "slug": "test",
        "title": "Test",
        "description": "",
        "credits": 1,
        "falModel": "fal-ai/test",
        "variables": [
            {
                "name": "line",
                "label": "line",
                "type": "text",
                "required": False,
                "default": "",
                "maxLength": 9,
            },
            {
                "name": "d",
                "label": "d",
                "type": "choice",
                "required": True,
                "default": 5,
                "choices": [5],
            },
            {
                "name": "seed",
                "label": "seed",
                "type": "number",
                "required": False,
                "minimum": 0,
                "maximum": 9,
            },
        ],
    }
