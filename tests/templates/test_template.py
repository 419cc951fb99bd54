import json
from pathlib import Path
from typing import Any

import pytest

from app.problems import InvalidImage
from app.templates.template import Template
from app.templates.variables import ChoiceVariable
from tests.support.templates import choice, number, template, template_row, text

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
        {str(n) for n in range(4, 16)},  # "auto" leaves the length to the model, and so the bill
    ),
    "fal-ai/wan/v2.7/image-to-video": ("image_url", int, set(range(2, 16))),
    "fal-ai/ltx-2.3/image-to-video/fast": ("image_url", int, set(range(6, 21, 2))),
}


def read(path: Path) -> Template:
    return Template.from_row(json.loads(path.read_text()), slug=path.stem)


def sample(template: Template) -> dict[str, Any]:
    """Give every required variable that has no default a value."""
    return {
        variable.name: "A sample"
        for variable in template.variables
        if variable.required and variable.default is None
    }


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ((300, 750), None),
        ((750, 300), None),
        ((299, 300), "The image has 299 x 300 pixels. Test needs 300 or more on each side."),
        ((300, 751), "The image is too tall for Test. Its width must be at least 0.4 times"),
        ((751, 300), "The image is too wide for Test. Its width must be at most 2.5 times"),
    ],
)
def test_the_sides_of_a_start_image_have_bounds(sides: tuple[int, int], said: str | None) -> None:
    bounded = template(minimum_side=300, minimum_ratio=0.4, maximum_ratio=2.5)
    template().check_image(1, 1_000)
    if said is None:
        bounded.check_image(*sides)
    else:
        with pytest.raises(InvalidImage, match=said):
            bounded.check_image(*sides)


def test_eight_templates_over_five_models_are_shipped_with_the_night_life_roller() -> None:
    shipped = [read(path) for path in SHIPPED]
    assert len(shipped) >= 8
    assert len({each.fal_model for each in shipped}) >= 5
    assert "night-life-roller" in {each.slug for each in shipped}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_template_sends_the_arguments_of_its_model(path: Path) -> None:
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
            assert isinstance(variable, ChoiceVariable)
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


def test_argument_of_an_optional_variable_is_left_out_if_it_has_no_value() -> None:
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


NESTED = {
    "seed": "{seed}",
    "camera": {
        "move": "{move} slowly",
        "path": [{"seconds": "{seconds}"}, "{seed}", "{seconds}", 1.5, None, True],
        "seed": "{seed}",
    },
}


def test_placeholders_are_filled_at_any_depth() -> None:
    given = template(
        number(), number("seconds"), choice("move", "pushes in", "pulls back"), arguments=NESTED
    )
    values = given.check_variables({"seed": 7, "seconds": 2.5, "move": "pulls back"})
    assert given.fal_arguments(values, image_url="u") == {
        "prompt": "A prompt",
        "seed": 7,
        "camera": {
            "move": "pulls back slowly",
            "path": [{"seconds": 2.5}, 7, 2.5, 1.5, None, True],
            "seed": 7,
        },
        "image_url": "u",
    }


def test_argument_at_any_depth_is_left_out_if_its_variable_has_no_value() -> None:
    given = template(number(), number("seconds"), text("move"), arguments=NESTED)
    assert given.fal_arguments(given.check_variables({"seconds": 5}), image_url="u") == {
        "prompt": "A prompt",
        "camera": {"move": "slowly", "path": [{"seconds": 5}, 5, 1.5, None, True]},
        "image_url": "u",
    }


def test_filling_does_not_change_the_template() -> None:
    given = template(number(), number("seconds"), text("move"), arguments=NESTED)
    before = given.model_dump()
    given.fal_arguments({"seed": 7, "seconds": 5, "move": "pulls back"}, image_url="u")
    assert given.model_dump() == before


def test_braces_that_a_user_types_are_not_filled_at_any_depth() -> None:
    given = template(text("a"), text("b"), arguments={"deep": [{"text": "{a}, {b}"}, "{a}"]})
    arguments = given.fal_arguments({"a": "{b}", "b": "{a}"}, image_url="u")
    assert arguments["deep"] == [{"text": "{b}, {a}"}, "{b}"]


def test_template_needs_neither_arguments_nor_variables() -> None:
    row = template_row()
    del row["arguments"], row["variables"]
    plain = Template.from_row(row, slug="plain")
    arguments = plain.fal_arguments(plain.check_variables({}), image_url="u")
    assert arguments == {"prompt": "A prompt", "image_url": "u"}
