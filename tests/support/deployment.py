"""A database as ``docs/deploy.md`` makes it, by the very statements that stand there."""

import re
from dataclasses import replace
from pathlib import Path

from app.database.address import Address
from app.database.client import Database
from scripts.migrate import migrate
from tests.support.database import SurrealServer, connected

OF_ROOT = Path("docs/database.surql").read_text()
SENT = re.findall(
    r"as_\w+ surql <<END\n(.*?)^END$", Path("docs/deploy.md").read_text(), re.MULTILINE | re.DOTALL
)
PASSWORD = "of-its-own"


async def made(server: SurrealServer) -> Address:
    """Make a database as the document has it, under a name that nobody else uses."""
    address = server.address()
    async with connected(replace(address, database="elsewhere")) as database:
        for script in (OF_ROOT, sent("DEFINE USER migrator")):
            renamed = re.sub(
                r"(DATABASE (IF NOT EXISTS )?)video\b", rf"\g<1>{address.database}", script
            )
            await carry_out(database, renamed)
    return address


def sent(purpose: str) -> str:
    """Return what the document first sends by ``surql`` for ``purpose``."""
    script: str = next(script for script in SENT if purpose in script)
    return script.replace("$password", PASSWORD)


async def carry_out(database: Database, script: str) -> None:
    results = await database.run_script(script)
    assert {result["status"] for result in results} == {"OK"}, results


def as_migrator(root: Database) -> Address:
    return replace(root.address, user="migrator", password=PASSWORD, level="database")


async def deployed(root: Database) -> Address:
    """Migrate and let the service in, as the migrator."""
    async with connected(as_migrator(root)) as migrator:
        assert await migrate(migrator) == 0
        await carry_out(migrator, sent("CREATE service_user:⟨video-1⟩"))
    return replace(root.address, user="video-1", password=PASSWORD, level="record")
