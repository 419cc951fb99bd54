"""Rows and files that are not valid templates: the error names the template and the field."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.templates.placeholders import MAX_DEPTH
from app.templates.template import Template
from tests.support.templates import choice, number, template, template_row, text

TIME = datetime(2026, 1, 1, tzinfo=UTC)
HALF = Decimal("0.5")
TYPES = "'text', 'number', 'integer', 'choice'"


def nested(depth: int, value: Any) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def refusal(row: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        Template.from_row(row, slug="test")
    template_name, _, reason = str(refused.value).partition(": ")
    assert template_name == "template test"
    return reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5),
        ("title", None),
        ("title", "half a pair \ud83d"),
        ("description", TIME),
        ("credits", "1"),
        ("credits", True),
        ("credits", 1.5),
        ("credits", HALF),
        ("credits", math.nan),
        ("credits", -1),
        ("credits", 10**400),
        ("fal_model", ""),
        ("fal_model", ["a/b"]),
        ("image_field", ""),
        ("image_field", 5),
        ("prompt", None),
        ("prompt", b"bytes"),
        ("arguments", None),
        ("arguments", []),
        ("arguments", "text"),
        ("variables", None),
        ("variables", {}),
        ("variables", "text"),
        ("variables", 5),
    ],
)
def test_wrong_field_is_named(field: str, value: object) -> None:
    assert refusal(template_row(**{field: value})).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "field", ["title", "description", "credits", "fal_model", "image_field", "prompt"]
)
def test_missing_field_is_named(field: str) -> None:
    row = template_row()
    del row[field]
    assert refusal(row) == f"{field}: Field required"


def test_all_wrong_fields_are_named_at_once() -> None:
    reason = refusal(template_row(title=5, variables=[text(), {"type": "text"}]))
    assert [each.partition(":")[0] for each in reason.split("; ")] == [
        "title",
        "variables[1].name",
        "variables[1].label",
        "variables[1].required",
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"scale": HALF}, "arguments.scale"),
        ({"scale": math.nan}, "arguments.scale"),
        ({"scale": -math.inf}, "arguments.scale"),
        ({"scale": 10**400}, "arguments.scale"),
        ({"since": TIME}, "arguments.since"),
        ({"text": "half a pair \ud83d"}, "arguments.text"),
        ({"camera": {"path": [1, {"at": HALF}]}}, "arguments.camera.path[1].at"),
        ({"list": nested(MAX_DEPTH, 1)}, "arguments.list" + "[0]" * MAX_DEPTH),
        ({"camera": {5: 1}}, "arguments.camera"),
        ({"half a pair \ud83d": 1}, "arguments"),
        ({"list": nested(5_000, 1)}, "arguments.list" + "[0]" * MAX_DEPTH),
    ],
    ids=range(11),
)
def test_argument_that_json_cannot_carry_is_named(arguments: dict[str, Any], field: str) -> None:
    assert refusal(template_row(arguments=arguments)).startswith(f"{field}: must ")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"sync_mode": True}, "arguments.sync_mode"),
        ({"sync_mode": "{line}"}, "arguments.sync_mode"),
        ({"output": {"sync_mode": 1}}, "arguments.output.sync_mode"),
        ({"video_output_type": "VP9 (.webm)"}, "arguments.video_output_type"),
        ({"video_output_type": "PRORES4444 (.mov)"}, "arguments.video_output_type"),
        ({"video_output_type": "{line}"}, "arguments.video_output_type"),
        ({"output": [{"output_format": "gif"}]}, "arguments.output[0].output_format"),
    ],
)
def test_template_that_asks_for_anything_but_an_mp4_at_an_address_is_refused(
    arguments: dict[str, Any], field: str
) -> None:
    row = template_row(variables=[text()], arguments=arguments)
    assert refusal(row).startswith(f"{field}: must be ")


def test_template_may_say_that_it_wants_an_mp4_at_an_address() -> None:
    arguments = {"sync_mode": False, "video_output_type": "X264 (.mp4)", "output_format": None}
    assert template(arguments=arguments).arguments == arguments


@pytest.mark.parametrize(
    ("bounds", "field"),
    [
        ({"minimum_side": 0}, "minimum_side"),
        ({"minimum_side": 300.5}, "minimum_side"),
        ({"minimum_side": "300"}, "minimum_side"),
        ({"minimum_ratio": 0}, "minimum_ratio"),
        ({"maximum_ratio": math.inf}, "maximum_ratio"),
        ({"minimum_ratio": 2, "maximum_ratio": 1}, "minimum_ratio"),
    ],
)
def test_bound_of_a_start_image_that_makes_no_sense_is_named(
    bounds: dict[str, Any], field: str
) -> None:
    assert refusal(template_row(**bounds)).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changes", "field", "placeholders"),
    [
        ({"prompt": "{nobody}"}, "prompt", "{nobody}"),
        ({"prompt": "{line} {b}, {a}"}, "prompt", "{a}, {b}"),
        ({"arguments": {"seed": "{nobody}"}}, "arguments.seed", "{nobody}"),
        ({"arguments": {"seed": "s {nobody}"}}, "arguments.seed", "{nobody}"),
        ({"arguments": {"a": {"b": "{nobody}"}}}, "arguments.a.b", "{nobody}"),
        ({"arguments": {"a": ["{line}", "{nobody}"]}}, "arguments.a[1]", "{nobody}"),
        ({"arguments": {"a": [[{"b": "x {nobody}"}]]}}, "arguments.a[0][0].b", "{nobody}"),
    ],
)
def test_placeholder_that_no_variable_fills_is_named(
    changes: dict[str, Any], field: str, placeholders: str
) -> None:
    reason = refusal(template_row(variables=[text()], **changes))
    assert reason == f"{field}: no variable fills {placeholders}"


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("x", "variables[0]: "),
        (None, "variables[0]: "),
        ({"name": "x"}, "variables[0].type: Field required"),
        (text(type="date"), f"variables[0].type: must be one of {TYPES}"),
        (text(type=5), f"variables[0].type: must be one of {TYPES}"),
        (text(type=["text"]), "variables[0].type: "),
        (text(name=""), "variables[0].name: "),
        (text() | {"name": 5}, "variables[0].name: "),
        (text(label="half a pair \ud83d"), "variables[0].label: "),
        (text(label=None), "variables[0].label: "),
        ({"name": "x", "type": "text", "required": True}, "variables[0].label: Field required"),
        (text(required="yes"), "variables[0].required: "),
        (text(required=1), "variables[0].required: "),
        (text(default=5), "variables[0].default: line must be a text."),
        (text(default=TIME), "variables[0].default: must be a text, a number or a boolean"),
        (text(maxLength="9"), "variables[0].maxLength: "),
        (text(maxLength=0), "variables[0].maxLength: "),
        (text(maxLength=-1), "variables[0].maxLength: "),
        (text(maxLength=9.5), "variables[0].maxLength: "),
        (text(maxLength=True), "variables[0].maxLength: "),
        (text(maxLength=Decimal(9)), "variables[0].maxLength: "),
        (number(default="many"), "variables[0].default: seed must be a number, not a text."),
        (number(default=HALF), "variables[0].default: must be a text, a number or a boolean"),
        (number(default=math.nan), "variables[0].default: must be a text, a number or a boolean"),
        (number(default=9, maximum=5), "variables[0].default: seed must be from"),
        (number(minimum="0"), "variables[0].minimum: must be a number from"),
        (number(minimum=HALF), "variables[0].minimum: must be a number from"),
        (number(minimum=True), "variables[0].minimum: must be a number from"),
        (number(minimum=10**400), "variables[0].minimum: must be a number from"),
        (number(maximum=TIME), "variables[0].maximum: must be a number from"),
        (number(maximum=math.nan), "variables[0].maximum: must be a number from"),
        (number(maximum=math.inf), "variables[0].maximum: must be a number from"),
        (number(minimum=2, maximum=1), "variables[0].minimum: must not be above maximum"),
        (choice("d"), "variables[0].choices: "),
        (choice("d", choices=None), "variables[0].choices: "),
        (choice("d", choices="abc"), "variables[0].choices: "),
        (choice("d", 5, None), "variables[0].choices[1]: must be a text, a number or a boolean"),
        (choice("d", 5, HALF), "variables[0].choices[1]: must be a text, a number or a boolean"),
        (choice("d", math.nan), "variables[0].choices[0]: must be a text, a number or a boolean"),
        (choice("d", [5]), "variables[0].choices[0]: must be a text, a number or a boolean"),
        (choice("d", 5, default="5"), "variables[0].default: d must be one of 5, not a text."),
    ],
)
def test_wrong_field_of_a_variable_is_named(variable: object, said: str) -> None:
    assert refusal(template_row(variables=[variable])).startswith(said)


def test_variable_that_is_defined_twice_is_named() -> None:
    reason = refusal(template_row(variables=[text(), number(), text()]))
    assert reason == "variables: defined twice: line"


@pytest.mark.parametrize("row", [None, [], "text", 5, [["title", "Test"]]])
def test_row_that_is_not_an_object_is_refused(row: object) -> None:
    assert refusal(row) == "must be an object"


def test_unknown_keys_are_ignored() -> None:
    row = template_row(id="template:test", slug="other", weight=HALF, since=TIME)
    given = Template.from_row(row | {"variables": [text(hint=HALF)]}, slug="test")
    assert given == template(text())


@pytest.mark.parametrize("number_text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_number_that_python_reads_from_a_file_but_json_does_not_have_is_refused(
    number_text: str,
) -> None:
    file = json.dumps(template_row(arguments={"scale": "here"})).replace('"here"', number_text)
    assert refusal(json.loads(file)).startswith("arguments.scale: ")
