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
