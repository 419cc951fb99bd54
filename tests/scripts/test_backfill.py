"""What each row of the replaced stack is given, and what is left alone."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.database import spans
from app.database.client import Database
from app.errors import ConfigurationError
from app.settings import Settings
from scripts import backfill as script
from scripts.backfill import Backfill, carry_out, prepare, rehearse
from scripts.migrate import migrate
from tests.support.database import connected, embedded
from tests.support.legacy import LEGACY_MODEL, LEGACY_TEMPLATE, LEGACY_TIME, legacy_row, make_legacy

DAY = 86400
FINISHED_AT = legacy_row("any")["updated_at"]


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    async with connected(embedded(f"surrealkv://{tmp_path}/legacy")) as database:
        yield database


async def adopt(database: Database, *rows: dict[str, Any]) -> None:
    await make_legacy(database, *rows)
    await migrate(database)


def plan(database: Database, *, default: str | None = None) -> Backfill:
    models = {LEGACY_TEMPLATE: LEGACY_MODEL}
    return Backfill(database, models=models, default=default, deadline=DAY)


async def job(database: Database, request_id: str) -> dict[str, Any]:
    row: dict[str, Any] = await database.query(
        "SELECT * FROM ONLY type::record('video_job', $id)", id=request_id
    )
    return row


async def test_a_finished_job_gets_its_model_and_is_done(empty: Database) -> None:
    await adopt(empty, legacy_row("req-1", "completed", video_key="users/ada/old.mp4"))
    assert await carry_out(plan(empty), 1000) == 0
    row = await job(empty, "req-1")
    given = {"fal_model": LEGACY_MODEL, "fal_request_id": "req-1", "credits": 0, "stage": "done"}
    assert {key: row[key] for key in given} == given
    assert row["completed_at"] == FINISHED_AT
    assert "due_at" not in row
    assert "revision" not in row
    assert (row["video_key"], row["created_at"]) == ("users/ada/old.mp4", LEGACY_TIME)


@pytest.mark.parametrize("status", ["pending", "processing", "running", "IN_QUEUE"])
async def test_an_unfinished_job_is_handed_to_the_service(empty: Database, status: str) -> None:
    await adopt(empty, legacy_row("req-1", status))
    assert await carry_out(plan(empty), 1000) == 0
    row = await job(empty, "req-1")
    given = {"status": "pending", "stage": "queued", "attempts": 0, "revision": 1, "credits": 0}
    assert {key: row[key] for key in given} == given
    assert (row["fal_model"], row["fal_request_id"]) == (LEGACY_MODEL, "req-1")
    assert (row["deadline_at"] - row["due_at"]).total_seconds() == pytest.approx(DAY, abs=1)
    due = await empty.call("video_job::take_due", 10, 15)
    assert [each["id"].id for each in due] == ["req-1"]


async def test_a_job_that_its_user_cancelled_meanwhile_is_handed_over_as_such(
    empty: Database,
) -> None:
    await make_legacy(empty, legacy_row("req-1", "processing"))
    await migrate(empty)
    await empty.call("video_job::ask_to_cancel", "req-1", None)
    assert await carry_out(plan(empty), 1000) == 0
    row = await empty.call("video_job::get", "req-1")
    assert (row["stage"], row["fal_request_id"]) == ("cancelling", "req-1")
    assert [due["id"] for due in await empty.call("video_job::take_due", 10, 15)] == [row["id"]]


async def test_rows_that_nothing_settles_are_left_and_listed(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await adopt(
        empty,
        legacy_row("known"),
        legacy_row("strange-1", template_slug="retired"),
        legacy_row("strange-2", "running", template_slug="retired"),
    )
    before = await job(empty, "strange-1"), await job(empty, "strange-2")
    assert await carry_out(plan(empty), 1000) == 1
    said = capsys.readouterr().out
    assert "2 rows are left:" in said
    assert "`strange-2`: there is no template 'retired'" in said.replace("⟨", "`").replace("⟩", "`")
    assert (await job(empty, "strange-1"), await job(empty, "strange-2")) == before
    assert await carry_out(plan(empty, default="fal-ai/other"), 1000) == 0
    assert (await job(empty, "strange-1"))["fal_model"] == "fal-ai/other"
    assert (await job(empty, "known"))["fal_model"] == LEGACY_MODEL


async def test_many_rows_that_are_left_are_named_only_in_part(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [legacy_row(f"r{number}", template_slug="retired") for number in range(30)]
    await adopt(empty, *rows)
    assert await carry_out(plan(empty), 1000) == 1
    said = capsys.readouterr().out
    assert said.count("there is no template") == script.LISTED
    assert "… and 10 more" in said


async def test_a_row_that_the_database_refuses_is_listed_and_the_others_go_on(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_legacy(empty, *[legacy_row(f"r{number:02}") for number in range(20)])
    await empty.run_script(
        "REMOVE FIELD user_email ON video_job; UPDATE video_job:r07 UNSET user_email;"
        "DEFINE FIELD user_email ON video_job TYPE string;"
    )
    await migrate(empty)
    assert await carry_out(plan(empty), 1000) == 1
    said = capsys.readouterr().out
    assert "19 filled with their template's model" in said
    assert "video_job:r07: " in said
    assert "user_email" in said.partition("video_job:r07: ")[2]


async def test_a_dry_run_foretells_all_and_changes_nothing(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        legacy_row("a"),
        legacy_row("b", "running"),
        legacy_row("c", template_slug="retired"),
    ]
    await adopt(empty, *rows)
    before = await empty.query("SELECT * FROM video_job")
    capsys.readouterr()
    assert await rehearse(plan(empty)) == 1
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "2 filled with their template's model",
        "1 left as they are",
        "1 unfinished jobs handed to the service",
        "Nothing was changed.",
    ]
    assert await rehearse(plan(empty, default="fal-ai/other")) == 0
    assert await empty.query("SELECT * FROM video_job") == before


async def test_a_row_that_the_service_moved_on_meanwhile_is_not_touched(empty: Database) -> None:
    await adopt(empty, *[legacy_row(request_id, "running") for request_id in "ab"])
    backfill = plan(empty)
    chunks = await backfill.chunks(1)
    assert [(chunk.first, chunk.rows) for chunk in chunks] == [("a", 1), ("b", 1)]
    await empty.query(
        "UPDATE video_job:b SET fal_model = 'theirs', status = 'processing', stage = 'generating', "
        "due_at = time::now()"
    )
    moved_on = await job(empty, "b")
    became = Counter[str]()
    await backfill.fill(chunks, lambda _, fates: became.update(fates))
    assert became == {script.BY_TEMPLATE: 1, script.HANDED_OVER: 1}
    assert await job(empty, "b") == moved_on
    assert (await job(empty, "a"))["stage"] == "queued"


async def test_a_table_larger_than_a_page_is_filled_whole(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "PAGE_ROWS", 7)
    slugs = [LEGACY_TEMPLATE, LEGACY_TEMPLATE, "retired"]
    rows = [legacy_row(f"r{number}", template_slug=slugs[number % 3]) for number in range(60)]
    await adopt(empty, *rows)
    assert await carry_out(plan(empty), 3) == 1
    left = await empty.query("RETURN count(SELECT id FROM video_job WHERE fal_model IS NONE)")
    assert left == 20


async def test_it_takes_models_from_the_templates_and_asks_for_the_schema_first(
    empty: Database,
) -> None:
    await make_legacy(empty, legacy_row("a"))
    with pytest.raises(ConfigurationError, match="make migrate"):
        await prepare(empty, Settings(), None)
    await migrate(empty)
    assert await carry_out(await prepare(empty, Settings(), None), 1000) == 0
    assert (await job(empty, "a"))["fal_model"] == LEGACY_MODEL
