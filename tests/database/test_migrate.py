"""From nothing, and from release to release, to the schema of today."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database import migrations, schema
from app.database.client import Database
from app.database.migrations import MigrationFailed
from app.errors import ConfigurationError
from scripts.migrate import migrate, rehearse
from tests.support.database import connected, embedded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A schema folder of the test's own."""
    return shutil.copytree(schema.FOLDER, tmp_path / "schema")


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    async with connected(embedded(f"surrealkv://{tmp_path}/empty")) as database:
        yield database


@pytest.fixture
async def current(store_url: str) -> AsyncIterator[Database]:
    """A database that has the whole schema."""
    async with connected(embedded(store_url)) as database:
        yield database


async def test_an_empty_database_gets_every_file_once(
    empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await migrate(empty) == 0
    assert capsys.readouterr().out.count("applied in") == len(schema.load())
    assert await migrate(empty) == 0
    assert capsys.readouterr().out == "The schema is up to date.\n"


async def test_a_database_caught_after_its_first_file_is_read_as_such(empty: Database) -> None:
    first, second, *_ = schema.load()
    await migrations.apply(empty, first)
    state = await schema.state(empty)
    assert state.applied == (first,)
    assert state.pending[0] == second
    assert state.faults == ()


async def test_the_service_refuses_to_start_and_counts_what_is_pending(empty: Database) -> None:
    files = len(schema.load())
    with pytest.raises(ConfigurationError, match=rf"lacks {files} of {files} files.*make migrate"):
        (await schema.state(empty)).require_serviceable()


async def test_a_few_that_are_pending_are_named(current: Database, folder: Path) -> None:
    for name in ("clock", "credit", "library"):
        with (folder / f"functions/{name}.surql").open("a") as file:
            file.write("-- changed")
    with pytest.raises(
        ConfigurationError,
        match=r"lacks functions/clock\.surql, functions/credit\.surql, functions/library\.surql of",
    ):
        (await schema.state(current, folder)).require_serviceable()


async def test_an_edited_migration_is_refused_by_name_and_checksums(
    current: Database, folder: Path
) -> None:
    edited = folder / "002_start_key_optional.surql"
    before = {file.name: file.checksum for file in schema.load(folder)}[edited.name]
    edited.write_text(edited.read_text() + "-- a little more\n")
    after = {file.name: file.checksum for file in schema.load(folder)}[edited.name]
    for action in (migrate, rehearse):
        with pytest.raises(ConfigurationError, match=f"{edited.name}.*{after}.*{before}"):
            await action(current, folder)
    with pytest.raises(ConfigurationError, match=edited.name):
        (await schema.state(current, folder)).require_serviceable()


async def test_a_database_of_a_newer_release_is_left_alone(current: Database) -> None:
    await current.query("CREATE type::record('migration', '099_later.surql') SET checksum = 'x'")
    with pytest.raises(ConfigurationError, match=r"newer than this checkout: it has 099_later"):
        await migrate(current)


async def test_functions_and_templates_follow_their_files(current: Database, folder: Path) -> None:
    clock, template = folder / "functions/clock.surql", folder / "templates/gentle-zoom.json"
    clock.write_text("DEFINE FUNCTION OVERWRITE fn::clock::now() { RETURN 'noon' }")
    template.write_text(template.read_text().replace("Gentle zoom", "Zoom"))
    (folder / "templates/dance-floor.json").unlink()
    assert await migrate(current, folder) == 0
    assert await current.call("clock::now") == "noon"
    assert await current.query("SELECT VALUE title FROM ONLY template:⟨gentle-zoom⟩") == "Zoom"
    assert await current.query("SELECT * FROM template:⟨dance-floor⟩") == []
    assert (await schema.state(current, folder)).pending == ()


async def test_a_template_that_contradicts_itself_is_refused(folder: Path) -> None:
    template = folder / "templates/gentle-zoom.json"
    template.write_text(template.read_text().replace("{focus}", "{nobody}"))
    with pytest.raises(ConfigurationError, match=r"gentle-zoom.*nobody"):
        schema.load(folder)


@pytest.mark.parametrize("text", ["BEGIN; CREATE a;", "CREATE a;\ncommit ;", "CREATE a; CANCEL"])
async def test_a_file_with_its_own_transaction_is_refused(folder: Path, text: str) -> None:
    (folder / "013_own.surql").write_text(text)
    with pytest.raises(ConfigurationError, match=r"013_own\.surql holds"):
        schema.load(folder)


async def test_words_in_comments_and_texts_are_no_transaction_and_a_last_comment_swallows_nothing(
    current: Database, folder: Path
) -> None:
    text = '-- ; COMMIT\nCREATE probe:quiet SET nonce = "it\'s; BEGIN" /* ; CANCEL */ -- the end'
    (folder / "013_quiet.surql").write_text(text)
    assert await migrate(current, folder) == 0
    assert await current.query("SELECT VALUE nonce FROM ONLY probe:quiet") == "it's; BEGIN"
    assert (await schema.state(current, folder)).pending == ()


async def test_migrations_are_numbered_without_a_gap(folder: Path) -> None:
    (folder / "014_too_far.surql").write_text("CREATE a")
    with pytest.raises(ConfigurationError, match="without a gap"):
        schema.load(folder)


@pytest.mark.parametrize("broken", ["CREATE probe:half SET nonce = 1", "CREATE probe:half SET ="])
async def test_a_file_that_fails_leaves_nothing_and_stops_the_others(
    current: Database, folder: Path, broken: str
) -> None:
    (folder / "013_good.surql").write_text("CREATE probe:good SET nonce = 'a'")
    (folder / "014_bad.surql").write_text(f"CREATE probe:first SET nonce = 'a';\n{broken}")
    (folder / "015_late.surql").write_text("CREATE probe:late SET nonce = 'a'")
    with pytest.raises(MigrationFailed, match=r"014_bad\.surql"):
        await migrate(current, folder)
    assert await current.query("SELECT VALUE record::id(id) FROM probe") == ["good"]
    pending = [file.name for file in (await schema.state(current, folder)).pending]
    assert pending == ["014_bad.surql", "015_late.surql"]
