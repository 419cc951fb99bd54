"""Databases of other applications and of the legacy stack: adopted, or refused unchanged."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest

from app.database import definitions, migrations, schema
from app.database.address import Address
from app.database.client import Database
from app.database.definitions import Reference
from app.database.errors import MigrationFailed
from app.database.schema import SchemaFile
from app.errors import ServiceError
from scripts.migrate import check, dry_run, migrate
from tests.support.database import connected
from tests.support.job_functions import Jobs
from tests.support.legacy import LEGACY_TABLE, run_backfill

LEGACY = LEGACY_TABLE.read_text()
NEWER = """
DEFINE TABLE migration SCHEMAFULL;
DEFINE FIELD checksum ON migration TYPE string;
DEFINE FIELD applied_at ON migration TYPE datetime;
CREATE migration:⟨099_later.surql⟩ SET checksum = 'x', applied_at = time::now();
"""
TIMES = "created_at: d'2025-03-01T00:00:00Z', updated_at: d'2025-03-01T00:03:00Z'"
WHO = "user: 'ada', user_email: 'ada@example.com', template_slug: 'night-life-roller'"
ROW = f"{{ id: 'request-1', {WHO}, start_key: 'a.png', status: 'completed', {TIMES} }}"


def old(*changes: str, row: str = "") -> str:
    """The legacy stack's table with changes, and a row with further fields."""
    fields = f"{ROW[:-2]}, {row} }}" if row else ROW
    return f"{LEGACY}\n{';'.join(changes)};\nINSERT INTO video_job {fields};"


def loose(fields: str = "", *changes: str, **other: str) -> str:
    """A table without a schema, and a row in which some fields are others."""
    row = ROW
    for name, value in other.items():
        row = re.sub(rf"\b{name}: (d?'[^']*')", f"{name}: {value}", row)
    row = f"{row[:-2]}, {fields} }}" if fields else row
    return f"DEFINE TABLE video_job SCHEMALESS;{';'.join(changes)};INSERT INTO video_job {row};"


def without(name: str) -> str:
    """A table without a schema, and a row without this field."""
    row = re.sub(rf"{name}: d?'[^']*',? ?", "", ROW)
    return f"DEFINE TABLE video_job SCHEMALESS; INSERT INTO video_job {row};"


ADOPTED = {
    "the legacy stack's": old(),
    "without rows": LEGACY,
    "without a schema": loose(
        "meta: { by: { hand: true } }, tags: ['a'], variables: { a: { b: 1 } }"
    ),
    "without a schema or rows": "DEFINE TABLE video_job SCHEMALESS",
    "made by its first row": f"INSERT INTO video_job {ROW}",
    "without a schema, with a few types": loose(
        "n: 1",
        "DEFINE FIELD variables ON video_job TYPE option<object>",
        "DEFINE FIELD created_at ON video_job TYPE datetime DEFAULT time::now()",
    ),
    "with more optional fields": old(
        "DEFINE FIELD tenant ON video_job TYPE option<string>",
        "DEFINE FIELD meta ON video_job TYPE option<object> FLEXIBLE",
        "DEFINE FIELD tags ON video_job TYPE array<string> DEFAULT []",
        "DEFINE FIELD owner ON video_job TYPE option<record<account>>",
        row="tenant: 'north', meta: { a: [1] }, tags: ['x'], owner: account:ada",
    ),
    "with a url alone": old(
        "DEFINE FIELD url ON video_job TYPE option<string>", row="url: 'https://cdn.example/1.mp4'"
    ),
    "without start_key": old(
        "DEFINE FIELD OVERWRITE start_key ON video_job TYPE option<string>",
        "CREATE video_job:second SET user = 'ada', user_email = 'a', status = 'failed', "
        "template_slug = 'zoom', created_at = time::now(), updated_at = time::now()",
    ),
    "with models": old(
        "DEFINE FIELD fal_model ON video_job TYPE string", row="fal_model: 'fal-ai/kling'"
    ),
    "with types that are wider": old(
        "DEFINE FIELD OVERWRITE user ON video_job TYPE any",
        "DEFINE FIELD OVERWRITE user_email ON video_job TYPE option<string>",
        "DEFINE FIELD OVERWRITE error ON video_job TYPE string | none",
    ),
    "with comments, permissions and a changefeed": old(
        "DEFINE TABLE OVERWRITE video_job SCHEMAFULL CHANGEFEED 1d COMMENT 'the jobs' "
        "PERMISSIONS FOR select WHERE user = $auth.id FOR create, update, delete NONE",
        "DEFINE FIELD OVERWRITE user ON video_job TYPE string COMMENT 'of the token' "
        "PERMISSIONS FOR select FULL FOR update NONE",
        "DEFINE INDEX OVERWRITE video_job_user ON video_job FIELDS user COMMENT 'whose'",
    ),
    "with more indexes": old(
        "DEFINE INDEX by_template ON video_job FIELDS template_slug, status",
        "DEFINE INDEX once ON video_job FIELDS video_key UNIQUE",
    ),
    "with an event that writes elsewhere": old(
        "DEFINE TABLE audit_log SCHEMAFULL",
        "DEFINE FIELD job ON audit_log TYPE record<video_job>",
        "DEFINE FUNCTION fn::noted($job: record<video_job>) { CREATE audit_log SET job = $job }",
        "DEFINE EVENT noted ON video_job WHEN $event = 'CREATE' THEN { fn::noted($after.id) }",
    ),
    "with a view over its jobs": old(
        "DEFINE TABLE jobs_of AS SELECT user, count() AS jobs FROM video_job GROUP BY user"
    ),
    "with other status words": old(row="error: 'the old words'").replace(
        "'completed'", "'succeeded'"
    ),
    "with a user of its own access": old(
        "DEFINE TABLE account SCHEMAFULL; DEFINE FIELD name ON account TYPE string",
        "DEFINE ACCESS account ON DATABASE TYPE RECORD",
        "DEFINE PARAM $limit VALUE 3; DEFINE ANALYZER words TOKENIZERS blank",
    ),
    "of another application, without our names": (
        "DEFINE TABLE person; CREATE person:1 SET name = 'ada'; DEFINE FUNCTION fn::hi() {}"
    ),
    "empty": "RETURN 1",
}

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


@pytest.fixture(scope="module", autouse=True)
def one_reference() -> Iterator[None]:
    """Make the temporary store with the schema once, and not for each database."""
    known = dict[int, Reference]()
    make_reference = definitions.read_reference

    async def read_reference(files: Sequence[SchemaFile]) -> Reference:
        if (key := len(files)) not in known:
            known[key] = await make_reference(files)
        return known[key]

    with mock.patch.object(definitions, "read_reference", read_reference):
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"surrealkv://{tmp_path_factory.mktemp('old')}/store"


@pytest.fixture
async def database(store: str) -> AsyncIterator[Database]:
    """A new database in the store of this module."""
    address = Address(url=store, namespace="old", database=uuid4().hex)
    async with connected(address) as database:
        yield database


async def make(database: Database, script: str) -> None:
    for result in await database.run_script(script):
        assert result["status"] == "OK", result["result"]


async def everything(database: Database) -> dict[str, Any]:
    """All definitions and all rows."""
    info = await database.query("INFO FOR DB")
    found: dict[str, Any] = {"": info}
    for table in info["tables"]:
        definitions = await database.query(f"INFO FOR TABLE {table}")
        rows = await database.query("SELECT * FROM type::table($t) ORDER BY id", t=table)
        found[table] = definitions, rows
    return found


async def require_adopted(database: Database, rows: list[dict[str, Any]]) -> None:
    """Check that all facts of the old rows are kept, and new jobs can be made."""
    after = {row["id"]: row for row in await database.query("SELECT * FROM video_job")}
    for row in rows:
        assert after[row["id"]].items() >= row.items()
    await run_backfill(database, default="fal-ai/other")
    assert await migrate(database) == 0
    assert await check(database) == 0
    jobs = Jobs(database)
    await jobs.ended("new-1", "completed")
    await jobs.ended("new-2", "failed")
    for row in rows:
        await database.query("UPDATE $id SET attempts = 1 RETURN NONE", id=row["id"])


@pytest.mark.parametrize("name", ADOPTED)
async def test_a_database_is_adopted_with_all_its_rows(database: Database, name: str) -> None:
    await make(database, ADOPTED[name])
    before = await everything(database)
    others = {key: value for key, value in before.items() if key not in {"", "video_job"}}
    assert await migrate(database) == 0
    after = await everything(database)
    assert {key: after[key] for key in others} == others
    await require_adopted(database, before["video_job"][1] if "video_job" in before else [])


async def refused(database: Database, capsys: pytest.CaptureFixture[str]) -> str:
    """Check that nothing changes whatever an operator tries; return what is printed."""
    before = await everything(database)
    capsys.readouterr()
    for action in (migrate, dry_run):
        with pytest.raises(ServiceError) as error:
            await action(database)
    printed = f"{capsys.readouterr().out}\n{error.value}"
    assert await check(database) == 1
    assert await everything(database) == before
    return printed


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


IDS = ["video_job:12", "video_job:u'018f3a52-7d6c-7000-8000-000000000001'"]
DOCUMENT = Path("docs/operations.md").read_text()
BEFORE, AFTER = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
[OTHER_FIELD, THE_ID] = re.findall(r"`(<string> .*)` instead of `(<string> .*)`", DOCUMENT)[0]


async def test_ids_that_are_not_text_are_refused_and_become_text_as_the_document_says(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"UPSERT {id_} CONTENT object::remove({ROW}, 'id')" for id_ in IDS]
    await make(database, old(*rows))
    assert "ids of video_job are not text, such as video_job:12:" in await refused(database, capsys)
    facts = await database.query("SELECT * OMIT id FROM video_job")
    await make(database, BEFORE)
    assert await database.query("SELECT * OMIT id FROM video_job") == facts
    assert await migrate(database) == 0
    jobs = await database.query("SELECT VALUE record::id(id) FROM video_job")
    assert jobs == ["018f3a52-7d6c-7000-8000-000000000001", "12", "request-1"]


async def test_ids_become_the_request_ids_of_another_field_as_the_document_says(
    database: Database,
) -> None:
    numbered = [f"CREATE video_job:{id_} CONTENT object::remove({ROW}, 'id')" for id_ in (1, 2, 3)]
    await make(database, loose("", *numbered, "UPDATE video_job:3 SET request_id = 'fal-3'"))
    assert THE_ID in BEFORE
    await make(database, BEFORE.replace(THE_ID, OTHER_FIELD))
    jobs = await database.query("SELECT VALUE record::id(id) FROM video_job")
    assert jobs == ["1", "2", "fal-3", "request-1"]


async def test_ids_that_an_earlier_release_adopted_become_text_as_the_document_says(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await make(database, old())
    await migrate(database)
    await make(database, "REMOVE EVENT video_job_fal_model ON video_job")
    for id_ in IDS:
        await make(database, f"CREATE {id_} CONTENT object::remove({ROW}, 'id')")
    assert await run_backfill(database) == 1
    assert "video_job:12: its id is not text: docs/operations.md" in capsys.readouterr().out
    await make(database, AFTER)
    assert await run_backfill(database) == 0
    assert await migrate(database) == 0
    done = await database.query("SELECT VALUE completed_at FROM video_job")
    assert all(done)


async def test_a_migration_that_was_cut_short_goes_on(database: Database) -> None:
    await make(database, old())
    for file in schema.load()[:6]:
        await migrations.apply(database, file)
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
