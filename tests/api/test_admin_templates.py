"""The back office takes templates off offer."""

import asyncio
import re

import pytest
from surrealdb import RecordID

from app.database.client import Database
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.templates import catalogue
from scripts.migrate import check, migrate
from tests.support.database import connected, embedded
from tests.support.refusals import assert_problem
from tests.support.service import TEMPLATE, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

OFF = False
FILE = RecordID("migration", f"templates/{TEMPLATE}.json")


async def offered(run: Running) -> set[str]:
    answer = await run.client.get("/api/templates")
    return {template["slug"] for template in answer.json()["templates"]}


async def enable(run: Running, slug: str = TEMPLATE, *, enabled: bool) -> None:
    answer = await run.administer("PATCH", f"templates/{slug}", {"enabled": enabled})
    assert (answer.status_code, answer.json()) == (200, {"slug": slug, "enabled": enabled})


async def test_a_template_that_is_off_is_not_listed_and_takes_no_submit(
    run: Running, fal: FalStandIn
) -> None:
    everything = await offered(run)
    under_way = await run.submitted()
    await enable(run, enabled=False)
    assert await offered(run) == everything - {TEMPLATE}
    assert_problem(await run.submit(), 404, "template_not_found")
    assert (await run.submit(template="poster-parallax")).status_code == 202
    fal.complete(next(iter(fal.requests)), small_video())
    await run.finished(under_way)
    (video,) = (await run.library())["videos"]
    assert video["title"] == "Night life roller"
    await enable(run, enabled=True)
    assert await offered(run) == everything
    assert (await run.submit()).status_code == 202


async def test_a_repeat_of_a_submit_from_before_answers_with_its_job(run: Running) -> None:
    once = {"Idempotency-Key": "the-click"}
    job_id = await run.submitted(headers=once)
    await enable(run, enabled=False)
    assert (await run.submit(headers=once)).json()["jobId"] == job_id


async def test_another_process_refuses_submits_at_once_and_lists_within_a_minute(
    run: Running, settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TEMPLATE in await offered(run)
    await run.service.database.call(
        "template::enable", TEMPLATE, OFF, {"id": "a", "key": "12345678"}
    )
    assert_problem(await run.submit(), 404, "template_not_found")
    assert TEMPLATE in await offered(run)
    monkeypatch.setattr(run.service.catalogue._templates, "_lifetime", 0)
    monkeypatch.setattr(run.service.catalogue._templates, "_min_interval", 0)
    assert TEMPLATE not in await offered(run)
    assert catalogue.LIFETIME <= 60
    assert fal.calls == []
    assert settings.fal_key


async def test_a_migration_does_not_turn_it_on_again(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected(embedded(store_url)) as database:
        await turn_off(database)
        assert await check(database) == 0
        # As with a file that has changed: it is applied again.
        await database.query("UPDATE migration SET checksum = 'x' WHERE id = $file", file=FILE)
        assert await migrate(database) == 0
        assert await check(database) == 0
        assert await database.call("template::is_enabled", TEMPLATE) is False
    assert re.search(rf"templates/{TEMPLATE}\.json +applied", capsys.readouterr().out)


async def turn_off(database: Database) -> None:
    await database.call("template::enable", TEMPLATE, OFF, {"id": "a", "key": "12345678"})


async def test_each_change_is_written_down_once(run: Running) -> None:
    for enabled in (True, False, False, True):
        await enable(run, enabled=enabled)
    actions = await run.rows("SELECT * FROM admin_action ORDER BY id")
    assert [each["action"] for each in actions] == ["disable", "enable"]
    assert {each["template"] for each in actions} == {TEMPLATE}


async def test_of_many_who_turn_it_off_one_is_written_down(run: Running) -> None:
    await asyncio.gather(*(enable(run, enabled=False) for _ in range(5)))
    assert len(await run.rows("SELECT * FROM admin_action")) == 1


async def test_a_template_that_cannot_be_used_can_be_turned_off(run: Running) -> None:
    await run.rows("UPDATE template SET prompt = '{nobody}' WHERE id = template:⟨dance-floor⟩")
    await enable(run, "dance-floor", enabled=False)


@pytest.mark.parametrize("slug", ["no-such", "%20", "a%00b", "x" * 500])
async def test_an_unknown_template_is_a_404(run: Running, slug: str) -> None:
    problem = await run.administer("PATCH", f"templates/{slug}", {"enabled": False})
    assert_problem(problem, 404, "template_not_found")
    assert await run.rows("SELECT * FROM template_switch") == []


@pytest.mark.parametrize("body", [{}, {"enabled": "no"}, {"enabled": None}, {"enabled": 0}])
async def test_a_wrong_body_changes_nothing(run: Running, body: dict[str, object]) -> None:
    problem = await run.administer("PATCH", f"templates/{TEMPLATE}", body)
    assert_problem(problem, 422, "invalid_request")
    assert TEMPLATE in await offered(run)


async def test_the_change_is_answered_if_the_list_cannot_be_read_again(
    settings: Settings, fal: FalStandIn
) -> None:
    away = False

    async def seam(name, call, /):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if away and name == "db.query":
            raise DatabaseUnavailable
        return await call()

    async with running(settings, fal, seam=seam) as run:
        assert TEMPLATE in await offered(run)
        away = True
        await enable(run, enabled=False)
        assert TEMPLATE in await offered(run)
