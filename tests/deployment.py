"""A database as ``docs/deploy.md`` makes it, by the very statements that stand there."""

import re
from dataclasses import replace
from pathlib import Path

from app.adapters.surreal import Address, Database
from scripts.migrate import migrate
from tests.database import SurrealServer, connected

STATEMENTS = re.findall(r"```surql\n(.*?)```", Path("docs/deploy.md").read_text(), re.DOTALL)
PASSWORDS = {"MIGRATOR_PASSWORD": "of-the-migrator", "SERVICE_PASSWORD": "of-the-service"}


async def made(server: SurrealServer) -> Address:
    """Make a database as the document has it, under a name that nobody else uses."""
    address = server.address()
    async with connected(replace(address, database="elsewhere")) as database:
        await carry_out(database, "DEFINE ACCESS", name=address.database)
    return address


async def carry_out(database: Database, purpose: str, *, name: str = "video") -> None:
    """Run what the document has for ``purpose``."""
    (script,) = (each for each in STATEMENTS if purpose in each)
    script = re.sub(r"(DATABASE (IF NOT EXISTS )?)video\b", rf"\g<1>{name}", script)
    for placeholder, password in PASSWORDS.items():
        script = script.replace(placeholder, password)
    results = await database.run_script(script)
    assert {result["status"] for result in results} == {"OK"}, results


def as_migrator(root: Database) -> Address:
    password = PASSWORDS["MIGRATOR_PASSWORD"]
    return replace(root.address, user="migrator", password=password, level="database")


async def deployed(root: Database) -> Address:
    """Migrate and let the service in, as the migrator."""
    async with connected(as_migrator(root)) as migrator:
        assert await migrate(migrator) == 0
        await carry_out(migrator, "CREATE service_user")
    password = PASSWORDS["SERVICE_PASSWORD"]
    return replace(root.address, user="video-1", password=password, level="record")
