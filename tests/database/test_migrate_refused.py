"""Databases that cannot be adopted are refused unchanged, and adopted once they are mended."""

import re
from pathlib import Path

import pytest

from app.database.client import Database
from app.database.errors import MigrationFailed
from scripts.migrate import migrate
from tests.support.old_databases import (
    database,
    loose,
    make,
    old,
    one_reference,
    refused,
    require_adopted,
    store,
    without,
)

__all__ = ["database", "one_reference", "store"]

NEWER = """
DEFINE TABLE migration SCHEMAFULL;
DEFINE FIELD checksum ON migration TYPE string;
DEFINE FIELD applied_at ON migration TYPE datetime;
CREATE migration:⟨099_later.surql⟩ SET checksum = 'x', applied_at = time::now();
"""
REFUSED = {
    **{
        f"another's {table}": (
            f"DEFINE TABLE {table}; CREATE {table}:1 SET a = 1",
            f"table {table}: ",
        )
        for table in (
            *("template", "credit_account", "credit_entry", "library_video", "idempotency"),
            *("storage_key", "fal_request", "probe", "video_job_event", "event_stream"),
            *("service_process", "service_user", "storage_key_taken"),
        )
    },
    "an empty table of another's": (
        "DEFINE TABLE template SCHEMAFULL; DEFINE FIELD body ON template TYPE string",
        "table template: ",
    ),
    "another's beside our jobs": (old("DEFINE TABLE template SCHEMALESS"), "table template: "),
    "another's migrations": (
        "DEFINE TABLE migration; CREATE migration:1 SET name = 'init', at = time::now()",
        "table migration: ",
    ),
    "another's migrations with checksums": (
        "CREATE migration:⟨001_init⟩ SET checksum = 7, applied_at = time::now()",
        "table migration",
    ),
    "another's function": (
        "DEFINE FUNCTION fn::credit::hold($who: string) { RETURN 1 }",
        "function fn::credit::hold: ",
    ),
    "several of another's": (
        "CREATE template:a; CREATE probe:b; CREATE credit_account:c",
        "table credit_account: .*\ntable probe: .*\ntable template: ",
    ),
    "a newer release's": (
        NEWER,
        "it has 099_later.surql",
    ),
    "a view": (
        "CREATE job:1 SET user = 'ada'; DEFINE TABLE video_job AS SELECT user FROM job",
        "table video_job",
    ),
    "a table that drops its rows": ("DEFINE TABLE video_job DROP SCHEMALESS", "table video_job"),
    "a relation": ("DEFINE TABLE video_job TYPE RELATION SCHEMALESS", "table video_job"),
}

MENDABLE = {
    "a required field": (
        old("DEFINE FIELD tenant ON video_job TYPE int", row="tenant: 7"),
        "field video_job.tenant is required",
    ),
    "users as record links": (
        old("DEFINE FIELD OVERWRITE user ON video_job TYPE record<account>", row="").replace(
            "user: 'ada'", "user: account:ada"
        ),
        "field video_job.user is not as the service needs it",
    ),
    "a default for video_key": (
        old("DEFINE FIELD OVERWRITE video_key ON video_job TYPE string DEFAULT ''"),
        "field video_job.video_key is not",
    ),
    "variables of fixed keys": (
        old("DEFINE FIELD OVERWRITE variables ON video_job TYPE option<object>"),
        "field video_job.variables is not",
    ),
    "an assertion on addresses": (
        old(
            "DEFINE FIELD OVERWRITE user_email ON video_job TYPE string "
            "ASSERT string::is_email($value)"
        ),
        "field video_job.user_email is not",
    ),
    "times as text": (
        loose(created_at="'2025-03-01T00:00:00Z'", updated_at="'2025-03-01T00:03:00Z'"),
        "has string for created_at",
    ),
    "times as text by definition": (
        old("DEFINE FIELD OVERWRITE created_at ON video_job TYPE string").replace(
            "created_at: d'", "created_at: '"
        ),
        "has string for created_at",
    ),
    "users as record links without a schema": (loose(user="account:ada"), "has record for user"),
    "numbers as text": (loose("credits: '5', width: 640.0"), "has string for credits"),
    "NULL for nothing": (loose("error: NULL, video_key: NULL"), "has null for error"),
    "other words for stages": (loose("stage: 'uploading'"), "has another word for stage"),
    "other words for stages by definition": (
        old("DEFINE FIELD stage ON video_job TYPE string", row="stage: 'uploading'"),
        "has another word for stage",
    ),
    "a lease of its own": (loose("lease: { by: 'worker-1' }"), "has object for lease"),
    "rows without a user": (without("user"), "has none for user"),
    "rows without times": (without("updated_at"), "has none for updated_at"),
}
REFUSING_JOBS = {
    "one job for each user": (
        old("DEFINE INDEX one ON video_job FIELDS user UNIQUE"),
        "REMOVE INDEX one ON video_job",
    ),
    "a variable that each job must have": (
        old("DEFINE FIELD variables.headline ON video_job TYPE string"),
        "REMOVE FIELD variables.headline ON video_job",
    ),
    "an event that refuses": (
        f"{old()} DEFINE EVENT closed ON video_job WHEN $event = 'CREATE' THEN {{ THROW 'no' }}",
        "REMOVE EVENT closed ON video_job",
    ),
    "an assertion on nothing": (
        old("DEFINE FIELD tenant ON video_job ASSERT $value != NONE", row="tenant: 1"),
        "REMOVE FIELD tenant ON video_job; UPDATE video_job UNSET tenant",
    ),
    "a key that is written once": (
        old("DEFINE FIELD OVERWRITE video_key ON video_job TYPE option<string> READONLY"),
        "DEFINE FIELD OVERWRITE video_key ON video_job TYPE option<string>",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_database_is_refused_unchanged(
    database: Database, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script, message = REFUSED[name]
    await make(database, script)
    assert re.search(message, await refused(database, capsys))


async def mend(database: Database, printed: str, name: str) -> None:
    """Run the statements that a message names."""
    value = "'ada'" if "user" in name else "created_at"
    for statements in dict.fromkeys(re.findall(r"(?:DEFINE|UPDATE) .*;", printed)):
        await make(database, statements.replace("…", value))


async def is_adopted(database: Database) -> bool:
    try:
        return await migrate(database) == 0
    except MigrationFailed:
        return False


@pytest.mark.parametrize("name", MENDABLE)
async def test_a_database_is_refused_unchanged_and_adopted_once_it_is_mended_as_it_says(
    database: Database, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script, message = MENDABLE[name]
    await make(database, script)
    printed = await refused(database, capsys)
    assert message in printed
    await mend(database, printed, name)
    if not await is_adopted(database):  # values are looked at once the definitions fit
        await mend(database, capsys.readouterr().out, name)
        assert await is_adopted(database)
    ids = await database.query("SELECT id FROM video_job")
    await require_adopted(database, ids)


@pytest.mark.parametrize("name", REFUSING_JOBS)
async def test_a_table_that_refuses_new_jobs_is_refused_unchanged(
    database: Database, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    script, mend = REFUSING_JOBS[name]
    await make(database, script)
    assert (
        "table video_job" in (printed := await refused(database, capsys))
        or "field video_job.video_key" in printed
    )
    await make(database, mend)
    assert await migrate(database) == 0
    await require_adopted(database, await database.query("SELECT id FROM video_job"))


async def test_a_table_of_another_application_is_refused_after_a_migration_too(
    database: Database, folder: Path
) -> None:
    await migrate(database)
    await make(database, "DEFINE TABLE later; CREATE later:1")
    (folder / "functions/library.surql").write_text("DEFINE TABLE IF NOT EXISTS later")
    with pytest.raises(MigrationFailed):
        await migrate(database, folder)
    await make(database, "REMOVE TABLE later")
    assert await migrate(database, folder) == 0
    assert await migrate(database, folder) == 0
