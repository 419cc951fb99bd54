"""Databases of the legacy stack and of others are adopted with all rows, whatever their ids."""

import re
from pathlib import Path

import pytest

from app.database import migrations, schema
from app.database.client import Database
from scripts.migrate import migrate
from tests.support.legacy import run_backfill
from tests.support.old_databases import (
    LEGACY,
    ROW,
    database,
    everything,
    loose,
    make,
    old,
    one_reference,
    refused,
    require_adopted,
    store,
)

__all__ = ["database", "one_reference", "store"]

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


@pytest.mark.parametrize("name", ADOPTED)
async def test_a_database_is_adopted_with_all_its_rows(database: Database, name: str) -> None:
    await make(database, ADOPTED[name])
    before = await everything(database)
    others = {key: value for key, value in before.items() if key not in {"", "video_job"}}
    assert await migrate(database) == 0
    after = await everything(database)
    assert {key: after[key] for key in others} == others
    await require_adopted(database, before["video_job"][1] if "video_job" in before else [])


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
