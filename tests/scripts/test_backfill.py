"""The backfill fills in incomplete rows and leaves all others unchanged."""

from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.database import backfill, job_ranges
from app.database.backfill import WORDS, Backfill
from app.database.client import Database
from app.errors import ConfigurationError
from app.settings import Settings
from scripts.backfill import dry_run, fill_all, prepare, status_word
from scripts.migrate import migrate
from scripts.support.opening import open_migrated
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


def a_run(database: Database, *, default: str | None = None) -> Backfill:
    models = {LEGACY_TEMPLATE: LEGACY_MODEL}
    return Backfill(database, models=models, default=default, deadline=DAY)


async def job(database: Database, request_id: str) -> dict[str, Any]:
    row: dict[str, Any] = await database.query(
        "SELECT * FROM ONLY type::record('video_job', $id)", id=request_id
    )
    return row


async def test_a_finished_job_gets_its_model_and_is_done(empty: Database) -> None:
    await adopt(empty, legacy_row("req-1", "completed", video_key="users/ada/old.mp4"))
    assert await fill_all(a_run(empty), 1000) == 0
    row = await job(empty, "req-1")
    given = {"fal_model": LEGACY_MODEL, "fal_request_id": "req-1", "credits": 0, "stage": "done"}
    assert {key: row[key] for key in given} == given
    assert row["completed_at"] == FINISHED_AT
    assert "due_at" not in row
    assert "revision" not in row
    assert (row["video_key"], row["created_at"]) == ("users/ada/old.mp4", LEGACY_TIME)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "pending"),
        ("processing", "processing"),
        ("running", "pending"),
        ("IN_QUEUE", "pending"),
    ],
)
async def test_an_unfinished_job_is_handed_to_the_service(
    empty: Database, word: str, status: str
) -> None:
    await adopt(empty, legacy_row("req-1", word))
    assert await fill_all(a_run(empty), 1000) == 0
    row = await job(empty, "req-1")
    given = {"status": status, "stage": "queued", "attempts": 0, "revision": 1, "credits": 0}
    assert {key: row[key] for key in given} == given
    assert (row["fal_model"], row["fal_request_id"]) == (LEGACY_MODEL, "req-1")
    assert (row["deadline_at"] - row["due_at"]).total_seconds() == pytest.approx(DAY, abs=1)
    due = await empty.call("video_job::take_due", 10, 15)
    assert [each["id"].id for each in due] == ["req-1"]


async def test_a_job_cancelled_before_the_backfill_is_handed_over_as_cancelling(
    empty: Database,
) -> None:
    await make_legacy(empty, legacy_row("req-1", "processing"))
    await migrate(empty)
    await empty.call("video_job::ask_to_cancel", "req-1", None)
    assert await fill_all(a_run(empty), 1000) == 0
    row = await empty.call("video_job::get", "req-1")
    assert (row["stage"], row["fal_request_id"]) == ("cancelling", "req-1")
    assert [due["id"] for due in await empty.call("video_job::take_due", 10, 15)] == [row["id"]]


async def test_an_unfinished_job_costs_nothing_although_it_had_a_price(empty: Database) -> None:
    await adopt(empty, legacy_row("req-1", "running"), legacy_row("req-2", "completed"))
    await empty.query("UPDATE video_job SET credits = 5")
    assert await fill_all(a_run(empty), 1000) == 0
    assert (await job(empty, "req-1"))["credits"] == 0
    assert (await job(empty, "req-2"))["credits"] == 5


async def test_words_for_finished_jobs_are_replaced_and_their_facts_kept(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {
        "succeeded": "completed",
        "SUCCESS": "completed",
        "COMPLETED": "completed",
        "done": "completed",
        "OK": "completed",
        "errored": "failed",
        "Error": "failed",
        "canceled": "cancelled",
    }
    kept = {"error": "the old words", "video_key": "users/ada/old.mp4"}
    await adopt(empty, *[legacy_row(word, word, **kept) for word in words])
    assert await dry_run(a_run(empty)) == 0
    assert f"{len(words)} {backfill.TRANSLATED}" in capsys.readouterr().out
    assert await fill_all(a_run(empty), 2) == 0
    for word, status in words.items():
        row = await job(empty, word)
        assert (row["status"], row["stage"]) == (status, "done")
        assert (row["completed_at"], row["fal_model"]) == (FINISHED_AT, LEGACY_MODEL)
        assert row.items() >= kept.items()
        assert "due_at" not in row
    assert await migrate(empty) == 0


async def test_a_finished_row_that_has_a_model_already_is_translated_too(empty: Database) -> None:
    await make_legacy(empty)
    await empty.query("DEFINE FIELD fal_model ON video_job TYPE option<string>")
    row = legacy_row("req-1", "succeeded", fal_model="fal-ai/theirs")
    await empty.query("INSERT INTO video_job $row", row=row)
    await migrate(empty)
    assert await fill_all(a_run(empty), 1000) == 0
    filled = await job(empty, "req-1")
    assert (filled["status"], filled["fal_model"]) == ("completed", "fal-ai/theirs")


async def test_unknown_words_are_left_and_listed_until_their_meaning_is_given(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await adopt(empty, legacy_row("req-1", "Archived", error="why"), legacy_row("req-2"))
    before = await job(empty, "req-1")
    assert await dry_run(a_run(empty)) == 1
    assert await fill_all(a_run(empty), 1000) == 1
    assert "the status 'Archived' is not known: set --status Archived=" in capsys.readouterr().out
    assert await job(empty, "req-1") == before
    meaning = dict([status_word("Archived=completed")])
    run = await prepare(empty, Settings(), None, {**WORDS, **meaning})
    assert await fill_all(run, 1000) == 0
    after = await job(empty, "req-1")
    assert (after["status"], after["error"]) == ("completed", "why")


@pytest.mark.parametrize("text", ["archived", "archived=gone"])
def test_a_meaning_that_is_no_status_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="pending, processing, completed"):
        status_word(text)


async def test_rows_without_a_known_model_are_left_and_listed(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await adopt(
        empty,
        legacy_row("known"),
        legacy_row("strange-1", template_slug="retired"),
        legacy_row("strange-2", "running", template_slug="retired"),
    )
    before = await job(empty, "strange-1"), await job(empty, "strange-2")
    assert await fill_all(a_run(empty), 1000) == 1
    printed = capsys.readouterr().out
    assert "2 rows are left:" in printed
    assert "`strange-2`: there is no template 'retired'" in printed.replace("⟨", "`").replace(
        "⟩", "`"
    )
    assert (await job(empty, "strange-1"), await job(empty, "strange-2")) == before
    assert await fill_all(a_run(empty, default="fal-ai/other"), 1000) == 0
    assert (await job(empty, "strange-1"))["fal_model"] == "fal-ai/other"
    assert (await job(empty, "known"))["fal_model"] == LEGACY_MODEL


async def test_of_many_remaining_rows_only_the_first_are_named(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [legacy_row(f"r{number}", template_slug="retired") for number in range(30)]
    await adopt(empty, *rows)
    assert await fill_all(a_run(empty), 1000) == 1
    printed = capsys.readouterr().out
    assert printed.count("there is no template") == backfill.LISTED
    assert "… and 10 more" in printed


async def test_a_row_that_the_database_refuses_is_listed_and_the_others_are_filled(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_legacy(empty, *[legacy_row(f"r{number:02}") for number in range(20)])
    await empty.run_script(
        "REMOVE FIELD user_email ON video_job; UPDATE video_job:r07 UNSET user_email;"
        "DEFINE FIELD user_email ON video_job TYPE string;"
    )
    await migrate(empty)
    assert await fill_all(a_run(empty), 1000) == 1
    printed = capsys.readouterr().out
    assert "19 filled with their template's model" in printed
    assert "video_job:r07: " in printed
    assert "user_email" in printed.partition("video_job:r07: ")[2]


async def test_a_dry_run_prints_the_outcomes_and_changes_nothing(
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
    assert await dry_run(a_run(empty)) == 1
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        "2 filled with their template's model",
        "1 left unchanged: no model is known",
        "1 unfinished jobs handed to the service",
        "Nothing was changed.",
    ]
    assert await dry_run(a_run(empty, default="fal-ai/other")) == 0
    assert await empty.query("SELECT * FROM video_job") == before


async def test_a_row_that_the_service_changed_meanwhile_is_not_touched(empty: Database) -> None:
    await adopt(empty, *[legacy_row(request_id, "running") for request_id in "ab"])
    run = a_run(empty)
    chunks = await run.chunks(1)
    assert [(chunk.first, chunk.rows) for chunk in chunks] == [("a", 1), ("b", 1)]
    await empty.query(
        "UPDATE video_job:b SET fal_model = 'theirs', status = 'processing', stage = 'generating', "
        "due_at = time::now()"
    )
    moved_on = await job(empty, "b")
    became = Counter[str]()
    await run.fill(chunks, lambda _, fates: became.update(fates))
    assert became == {backfill.BY_TEMPLATE: 1, backfill.HANDED_OVER: 1}
    assert await job(empty, "b") == moved_on
    assert (await job(empty, "a"))["stage"] == "queued"


async def test_a_table_larger_than_a_range_is_filled_completely(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_ranges, "RANGE_ROWS", 7)
    slugs = [LEGACY_TEMPLATE, LEGACY_TEMPLATE, "retired"]
    rows = [legacy_row(f"r{number}", template_slug=slugs[number % 3]) for number in range(60)]
    await adopt(empty, *rows)
    assert await fill_all(a_run(empty), 3) == 1
    left = await empty.query("RETURN count(SELECT id FROM video_job WHERE fal_model IS NONE)")
    assert left == 20


async def test_a_database_without_the_schema_is_refused(tmp_path: Path) -> None:
    url = f"surrealkv://{tmp_path}/legacy"
    async with connected(embedded(url)) as database:
        await make_legacy(database, legacy_row("a"))
    with pytest.raises(ConfigurationError, match="make migrate"):
        async with open_migrated(Settings(surreal_url=url)):
            pass


async def test_it_takes_models_from_the_templates(empty: Database) -> None:
    await adopt(empty, legacy_row("a"))
    assert await fill_all(await prepare(empty, Settings(), None), 1000) == 0
    assert (await job(empty, "a"))["fal_model"] == LEGACY_MODEL
