"""Migrations bring an empty or an older database to the current schema."""

from pathlib import Path

import pytest

from app.database import migrations, schema
from app.database.client import Database
from app.database.errors import MigrationFailed
from app.database.schema_status import read_status
from app.errors import ConfigurationError
from scripts.migrate import dry_run, migrate


async def test_an_empty_database_gets_each_file_once(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await migrate(empty) == 0
    assert capsys.readouterr().out.count("applied in") == len(schema.load())
    assert await migrate(empty) == 0
    assert capsys.readouterr().out == "The schema is up to date.\n"


async def test_status_of_a_database_that_has_only_the_first_file(empty: Database) -> None:
    first, second, *_ = schema.load()
    await migrations.apply(empty, first)
    status = await read_status(empty)
    assert status.applied == (first,)
    assert status.pending[0] == second
    assert status.faults == ()


async def test_a_database_with_many_pending_files_is_refused_with_their_number(
    empty: Database,
) -> None:
    files = len(schema.load())
    with pytest.raises(ConfigurationError, match=rf"lacks {files} of {files} files.*make migrate"):
        (await read_status(empty)).require_serviceable()


async def test_a_database_with_few_pending_files_is_refused_with_their_names(
    current: Database, folder: Path
) -> None:
    for name in ("clock", "credit", "library"):
        with (folder / f"functions/{name}.surql").open("a") as file:
            file.write("-- changed")
    with pytest.raises(
        ConfigurationError,
        match=r"lacks functions/clock\.surql, functions/credit\.surql, functions/library\.surql of",
    ):
        (await read_status(current, folder)).require_serviceable()


async def test_an_edited_migration_is_refused_with_its_name_and_checksums(
    current: Database, folder: Path
) -> None:
    edited = folder / "002_start_key_optional.surql"
    before = {file.name: file.checksum for file in schema.load(folder)}[edited.name]
    edited.write_text(edited.read_text() + "-- a little more\n")
    after = {file.name: file.checksum for file in schema.load(folder)}[edited.name]
    for action in (migrate, dry_run):
        with pytest.raises(ConfigurationError, match=f"{edited.name}.*{after}.*{before}"):
            await action(current, folder)
    with pytest.raises(ConfigurationError, match=edited.name):
        (await read_status(current, folder)).require_serviceable()


async def test_a_database_of_a_newer_release_is_refused(current: Database) -> None:
    await current.query("CREATE type::record('migration', '099_later.surql') SET checksum = 'x'")
    with pytest.raises(ConfigurationError, match=r"newer than this checkout: it has 099_later"):
        await migrate(current)


async def test_changed_functions_and_templates_are_applied_again_and_removed_ones_deleted(
    current: Database, folder: Path
) -> None:
    clock, template = folder / "functions/clock.surql", folder / "templates/gentle-zoom.json"
    clock.write_text("DEFINE FUNCTION OVERWRITE fn::clock::now() { RETURN 'noon' }")
    template.write_text(template.read_text().replace("Gentle zoom", "Zoom"))
    (folder / "templates/dance-floor.json").unlink()
    assert await migrate(current, folder) == 0
    assert await current.call("clock::now") == "noon"
    assert await current.query("SELECT VALUE title FROM ONLY template:⟨gentle-zoom⟩") == "Zoom"
    assert await current.query("SELECT * FROM template:⟨dance-floor⟩") == []
    assert (await read_status(current, folder)).pending == ()


async def test_a_template_with_an_undefined_variable_is_refused(folder: Path) -> None:
    template = folder / "templates/gentle-zoom.json"
    template.write_text(template.read_text().replace("{focus}", "{nobody}"))
    with pytest.raises(ConfigurationError, match=r"gentle-zoom.*nobody"):
        schema.load(folder)


@pytest.mark.parametrize("text", ["BEGIN; CREATE a;", "CREATE a;\ncommit ;", "CREATE a; CANCEL"])
async def test_a_file_with_its_own_transaction_is_refused(folder: Path, text: str) -> None:
    (folder / "013_own.surql").write_text(text)
    with pytest.raises(ConfigurationError, match=r"013_own\.surql contains"):
        schema.load(folder)


async def test_keywords_in_comments_and_strings_are_allowed_and_a_last_comment_hides_nothing(
    current: Database, folder: Path
) -> None:
    text = '-- ; COMMIT\nCREATE probe:quiet SET nonce = "it\'s; BEGIN" /* ; CANCEL */ -- the end'
    (folder / "013_quiet.surql").write_text(text)
    assert await migrate(current, folder) == 0
    assert await current.query("SELECT VALUE nonce FROM ONLY probe:quiet") == "it's; BEGIN"
    assert (await read_status(current, folder)).pending == ()


async def test_a_gap_in_the_numbers_of_migrations_is_refused(folder: Path) -> None:
    (folder / "014_too_far.surql").write_text("CREATE a")
    with pytest.raises(ConfigurationError, match="without a gap"):
        schema.load(folder)


@pytest.mark.parametrize("broken", ["CREATE probe:half SET nonce = 1", "CREATE probe:half SET ="])
async def test_a_file_that_fails_changes_nothing_and_the_files_after_it_are_not_applied(
    current: Database, folder: Path, broken: str
) -> None:
    (folder / "013_good.surql").write_text("CREATE probe:good SET nonce = 'a'")
    (folder / "014_bad.surql").write_text(f"CREATE probe:first SET nonce = 'a';\n{broken}")
    (folder / "015_late.surql").write_text("CREATE probe:late SET nonce = 'a'")
    with pytest.raises(MigrationFailed, match=r"014_bad\.surql"):
        await migrate(current, folder)
    assert await current.query("SELECT VALUE record::id(id) FROM probe") == ["good"]
    pending = [file.name for file in (await read_status(current, folder)).pending]
    assert pending == ["014_bad.surql", "015_late.surql"]
