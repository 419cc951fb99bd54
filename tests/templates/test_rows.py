"""Rows that the database accepts although they are not valid templates."""

import pytest

from tests.support.service import Running

ROW = (
    "CREATE template:broken SET title = 'x', description = 'x', credits = 1, "
    "fal_model = 'a/b', image_field = 'image_url', prompt = 'x', "
)
VARIABLE = "variables = [{ name: 'a', label: 'a', required: false, "


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ("arguments = { scale: 0.5dec }", "arguments.scale: "),
        ("arguments = { camera: [{ since: time::now() }] }", "arguments.camera[0].since: "),
        ("arguments = { camera: [{ move: '{move}' }] }", "arguments.camera[0].move: "),
        (VARIABLE + "type: 'number', minimum: 0.5dec }]", "variables[0].minimum: "),
        (VARIABLE + "type: 'number', minimum: '1' }]", "variables[0].minimum: "),
        (VARIABLE + "type: 'number', maximum: math::sqrt(-1) }]", "variables[0].maximum: "),
        (VARIABLE + "type: 'choice', choices: [1m] }]", "variables[0].choices[0]: "),
        (VARIABLE + "type: 'date' }]", "variables[0].type: "),
        ("factors = { a: { b: '2' } }", "factors.a.b: "),
        ("factors = { a: { b: math::sqrt(-1) } }", "factors.a.b: "),
        ("factors = { a: { b: 2 } }", "factors.a: "),
    ],
)
async def test_broken_row_is_logged_with_its_field_and_the_other_templates_stay_on_offer(
    run: Running, caplog: pytest.LogCaptureFixture, fields: str, named: str
) -> None:
    await run.rows(ROW + fields)
    answer = await run.client.get("/api/templates")
    slugs = {each["slug"] for each in answer.json()["templates"]}
    assert "broken" not in slugs
    assert "night-life-roller" in slugs
    assert f"template broken: {named}" in caplog.text
    assert (await run.submit()).status_code == 202


async def test_factors_are_read_from_the_database_as_they_were_written(run: Running) -> None:
    """The driver returns a float for 1.1, a Decimal for 1.1dec, an int for 3."""
    variable = "[{ name: 'd', label: 'd', type: 'choice', required: true, choices: [1, 2, 3, 4] }]"
    await run.rows(
        "CREATE template:exact SET title = 'x', description = 'x', credits = 1000, "
        f"fal_model = 'a/b', image_field = 'image_url', prompt = 'x', variables = {variable}, "
        "factors = { d: { `1`: 1.1, `2`: 1.1dec, `3`: 3, `4`: 1.0000000000001 } }"
    )
    template = await run.service.catalogue.get("exact")
    assert [template.price({"d": choice}) for choice in (1, 2, 3, 4)] == [1100, 1100, 3000, 1001]
