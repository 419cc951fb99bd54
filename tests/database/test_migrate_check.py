"""``--check`` and ``--dry-run`` print what a run would do and change nothing."""

from pathlib import Path

import pytest

from app.database import schema
from app.database.client import Database
from app.database.errors import MigrationFailed
from scripts.migrate import check, dry_run, migrate

PERMISSIONS = (
    "PERMISSIONS FOR delete NONE FOR update, create, select WHERE fn::access::is_service()"
)


async def everything(database: Database) -> object:
    info = await database.query("INFO FOR DB")
    rows = [await database.query("SELECT * FROM type::table($t)", t=t) for t in info["tables"]]
    return info, rows


async def test_a_current_database_passes(
    current: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await everything(current)
    assert await check(current) == 0
    assert "no drift" in capsys.readouterr().out
    assert await everything(current) == before


async def test_pending_files_are_named_and_nothing_is_written(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await check(empty) == 1
    printed = capsys.readouterr().out
    assert printed.count(" is pending\n") == len(schema.load())
    assert "drift" not in printed
    assert (await empty.query("INFO FOR DB"))["tables"] == {}


async def test_an_edited_migration_is_a_finding(
    current: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "003_fal_model_added.surql").write_text("-- gone")
    assert await check(current, folder) == 1
    assert "003_fal_model_added.surql was edited" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("REMOVE FIELD width ON video_job", "field video_job.width is missing"),
        (
            "DEFINE FIELD OVERWRITE width ON video_job TYPE option<float>",
            "field video_job.width differs from the schema",
        ),
        (
            "DEFINE FIELD colour ON library_video TYPE string",
            "field library_video.colour is not in the schema",
        ),
        ("REMOVE INDEX video_job_due ON video_job", "index video_job.video_job_due is missing"),
        (
            "REMOVE EVENT credit_entry_append_only ON credit_entry",
            "event credit_entry.credit_entry_append_only is missing",
        ),
        ("REMOVE TABLE probe", "table probe is missing"),
        (
            "DEFINE FUNCTION OVERWRITE fn::clock::now() -> datetime { RETURN time::now() }",
            "function fn::clock::now differs from the schema",
        ),
        ("REMOVE FUNCTION fn::credit::hold", "function fn::credit::hold is missing"),
    ],
)
async def test_drift_is_found(
    current: Database, capsys: pytest.CaptureFixture[str], change: str, finding: str
) -> None:
    await current.query(change)
    assert await check(current) == 1
    assert f"drift: {finding}\n" in capsys.readouterr().out


async def test_what_does_no_harm_is_told_and_is_no_drift(
    current: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    same = [
        f"DEFINE TABLE OVERWRITE probe SCHEMAFULL COMMENT 'ours' {PERMISSIONS}",
        'DEFINE FIELD OVERWRITE `error` ON video_job TYPE string | none COMMENT "why"',
        "DEFINE INDEX OVERWRITE video_job_user ON video_job FIELDS `user` COMMENT 'whose'",
    ]
    harmless = [
        "DEFINE FIELD colour ON library_video TYPE option<string>",
        "DEFINE FIELD shade ON library_video TYPE string DEFAULT 'red'",
        "DEFINE FIELD OVERWRITE user_email ON video_job TYPE any",
        "DEFINE FIELD OVERWRITE user ON video_job TYPE string PERMISSIONS FOR select NONE",
        "DEFINE INDEX library_video_title ON library_video FIELDS title",
        "DEFINE EVENT told ON library_video WHEN true THEN { RETURN 1 }",
    ]
    for statement in same + harmless:
        await current.query(statement)
    assert await check(current) == 0
    *told, result = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in told] == ["does no harm"] * len(harmless)
    assert result.endswith("files are applied, no drift.")


async def test_another_application_in_the_database_is_not_drift(current: Database) -> None:
    await current.run_script(
        "DEFINE TABLE theirs; DEFINE FIELD a ON theirs TYPE int; "
        "DEFINE FUNCTION fn::theirs() { RETURN 1 };"
    )
    assert await check(current) == 0


async def test_a_changed_function_is_pending_and_not_drift(
    current: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    functions = folder / "functions/library.surql"
    functions.write_text(functions.read_text().replace("DESC", "ASC"))
    assert await check(current, folder) == 1
    assert capsys.readouterr().out == "functions/library.surql is pending\n"


async def test_a_dry_run_names_every_file_and_changes_nothing(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await dry_run(empty) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[:-1]] == [
        f.name for f in schema.load()
    ]
    assert (await empty.query("INFO FOR DB"))["tables"] == {}
    assert await migrate(empty) == 0


@pytest.mark.parametrize("broken", ["CREATE probe:x SET nonce = 1", "CREATE probe:x SET ="])
async def test_a_dry_run_names_the_file_that_fails(
    current: Database, folder: Path, broken: str
) -> None:
    (folder / "013_good.surql").write_text("CREATE probe:a SET nonce = 'a'; DEFINE TABLE two;")
    (folder / "014_bad.surql").write_text(f"DEFINE TABLE half;\n{broken};")
    (folder / "015_late.surql").write_text("CREATE probe:late SET nonce = 'a'")
    with pytest.raises(MigrationFailed, match=r"schema/014_bad\.surql"):
        await dry_run(current, folder)
    assert "two" not in (await current.query("INFO FOR DB"))["tables"]
