"""Record access refuses a service whatever is not its work, and every wrong sign-in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.database.address import Address
from app.database.client import Database
from app.errors import ConfigurationError
from scripts.migrate import check
from tests.support.database import SurrealServer, connected, embedded
from tests.support.deployment import create_database, migrate_and_create_service_user
from tests.support.scripts import run_script

DEFINITIONS = (
    "INFO FOR DB",
    "INFO FOR TABLE video_job",
    "DEFINE TABLE loot",
    "DEFINE FIELD loot ON video_job TYPE option<int>",
    "DEFINE FUNCTION OVERWRITE fn::clock::now() -> datetime { RETURN time::now() }",
    "DEFINE EVENT OVERWRITE credit_entry_append_only ON credit_entry THEN {}",
    "DEFINE USER loot ON DATABASE PASSWORD 'x' ROLES OWNER",
    "DEFINE ACCESS OVERWRITE service ON DATABASE TYPE RECORD",
    "ALTER TABLE service_user PERMISSIONS FULL",
    "REMOVE TABLE video_job",
    "REMOVE FUNCTION fn::credit::hold",
    "REMOVE EVENT credit_entry_append_only ON credit_entry",
    "REMOVE DATABASE video",
)


@pytest.fixture
async def signed_in(service: Address) -> AsyncIterator[Database]:
    async with connected(service) as database:
        yield database


async def everything(database: Database) -> dict[str, Any]:
    tables = (await database.query("INFO FOR DB"))["tables"]
    return {t: await database.query("SELECT * FROM type::table($t)", t=t) for t in tables}


async def test_definitions_are_refused(signed_in: Database) -> None:
    for statement in DEFINITIONS:
        (answer,) = await signed_in.run_script(statement)
        assert (answer["status"], answer["kind"]) == ("ERR", "NotAllowed"), statement


async def test_a_migration_without_the_right_is_refused_with_the_reason(service: Address) -> None:
    ended = await run_script("migrate", "--check", address=service)
    where, line = ended.err.splitlines()
    assert (ended.status, where) == (1, f"At {service.url}, {service.place}:")
    assert "SURREAL_USER may not do this" in line


async def test_writes_to_other_tables_change_nothing(root: Database, signed_in: Database) -> None:
    await signed_in.call("credit::account", "ada", 5)
    before = await everything(root)
    for statement in (
        "DELETE video_job; DELETE credit_account; DELETE credit_entry; DELETE migration",
        "UPDATE credit_entry SET credits = 1000; UPDATE template SET credits = 0",
        "UPDATE migration SET checksum = 'x'; UPDATE service_user SET password = '$argon2'",
        "CREATE service_user:loot SET password = '$argon2'; CREATE loot:1 SET a = 1",
        "UPDATE template SET title = 'x'; DELETE template_switch; DELETE admin_action",
        "UPSERT template:loot; INSERT INTO migration { id: 'loot', checksum: 'x' }",
        "UPDATE share SET job = 'loot'",
    ):
        for answer in await signed_in.run_script(statement):
            assert answer["status"] == "ERR" or not answer["result"], statement
    assert await signed_in.query("SELECT * FROM service_user") == []
    assert await everything(root) == before


async def test_another_database_with_the_same_schema_cannot_be_reached(
    server: SurrealServer, signed_in: Database
) -> None:
    async with connected(await create_database(server)) as other:
        await migrate_and_create_service_user(other)
        before = await everything(other)
        for statement in (
            "CREATE probe:loot SET nonce = 'x'",
            "UPSERT credit_account:loot SET balance = 9, held = 0, in_flight = 0",
            "INSERT INTO probe { id: 'loot', nonce: 'x' }",
            "RETURN fn::credit::account('loot', 9)",
            "SELECT * FROM template",
        ):
            use, *answers = await signed_in.run_script(
                f"USE DB {other.address.database}; {statement}"
            )
            if use["status"] == "ERR":
                continue  # SurrealDB 3.3 refuses USE, and the statement runs in the service's own
            assert all(each["status"] == "ERR" or not each["result"] for each in answers), use
        assert await everything(other) == before


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"user": "nobody"}, {"user": ""}])
async def test_a_refused_sign_in_names_the_settings_to_check(
    service: Address, wrong: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match=r"refused the sign-in .* check SURREAL_USER"):
        async with connected(replace(service, **wrong)):
            pass


async def test_a_password_is_changed_while_the_service_runs(
    root: Database, service: Address, signed_in: Database
) -> None:
    await root.query("CREATE service_user:two SET password = crypto::argon2::generate('next')")
    next_one = replace(service, user="two", password="next")
    async with connected(next_one) as replaced:
        await root.query("DELETE service_user:⟨video-1⟩")
        assert await replaced.query("RETURN true")
        assert await signed_in.query("RETURN true"), "its connection was made before"
        with pytest.raises(ConfigurationError):
            async with connected(service):
                pass


async def test_only_a_hash_of_a_password_can_be_stored(root: Database, service: Address) -> None:
    assert service.password not in str(await root.query("SELECT * FROM service_user"))
    (answer,) = await root.run_script(f"CREATE service_user:x SET password = '{uuid4()}'")
    assert answer["status"] == "ERR"


async def test_changed_permissions_are_drift(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected(embedded(store_url)) as database:
        await database.query("ALTER TABLE template PERMISSIONS FULL")
        assert await check(database) == 1
    assert "drift: table template differs from the schema" in capsys.readouterr().out


async def test_every_table_has_permissions_for_the_service(store_url: str) -> None:
    async with connected(embedded(store_url)) as database:
        tables = (await database.query("INFO FOR DB STRUCTURE"))["tables"]
    without = {t["name"] for t in tables if t["permissions"]["select"] is False}
    assert without == {"service_user"}
