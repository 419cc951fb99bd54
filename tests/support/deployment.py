"""A database set up as ``docs/deploy.md`` says, with the statements of that document."""

import re
from dataclasses import replace
from pathlib import Path

from app.database.address import Address
from app.database.client import Database
from scripts.migrate import migrate
from tests.support.database import SurrealServer, connected

DATABASE_STATEMENTS = Path("docs/database.surql").read_text()
SURQL_BLOCKS = re.findall(
    r"as_\w+ surql <<END\n(.*?)^END$", Path("docs/deploy.md").read_text(), re.MULTILINE | re.DOTALL
)
PASSWORD = "of-its-own"


async def create_database(server: SurrealServer, *, name: str | None = None) -> Address:
    """Create a database and its migrator, under a name that no other test uses unless told."""
    address = server.address() if name is None else replace(server.address(), database=name)
    async with connected(replace(address, database="elsewhere")) as database:
        for script in (DATABASE_STATEMENTS, documented_statements("DEFINE USER migrator")):
            renamed = re.sub(
                r"(DATABASE (IF NOT EXISTS )?)video\b", rf"\g<1>{address.database}", script
            )
            await execute(database, renamed)
    return address


def documented_statements(containing: str) -> str:
    """Return the first block that the document sends with ``surql`` and that has this text."""
    script: str = next(script for script in SURQL_BLOCKS if containing in script)
    return script.replace("$password", PASSWORD)


async def execute(database: Database, script: str) -> None:
    """Run a script whose statements must all succeed."""
    results = await database.run_script(script)
    assert {result["status"] for result in results} == {"OK"}, results


def as_migrator(root: Database) -> Address:
    return replace(root.address, user="migrator", password=PASSWORD, level="database")


async def migrate_and_create_service_user(root: Database) -> Address:
    """Migrate as the migrator; return the address as the service signs in."""
    async with connected(as_migrator(root)) as migrator:
        assert await migrate(migrator) == 0
        await execute(migrator, documented_statements("CREATE service_user:⟨video-1⟩"))
    return replace(root.address, user="video-1", password=PASSWORD, level="record")
