"""Rows of ``docs/errors.md``: a service or a script does not start."""

from dataclasses import replace

import pytest

from app.database import migrations, schema
from app.database.errors import MigrationFailed
from app.local_fal.disk import locked
from scripts.migrate import migrate
from tests.support.database import connected, embedded, environment_of
from tests.support.faults.sandbox import Faults, Sandbox, occupied_port
from tests.support.service import over_a_socket, running, settings_for
from tests.support.sockets import free_port
from tests.support.tokens import ADMIN_KEY

STARTUP_FAULTS = Faults()
GRANT = "scripts.grant ada 5"
SCRIPTS = (
    "scripts.migrate",
    "scripts.backfill",
    GRANT,
    "scripts.audit",
    "scripts.job some-job",
)
PROGRAMS = ("app", *SCRIPTS)
SERVICE_AND_MIGRATE = ("app", "scripts.migrate")
WRONG_SETTINGS = {
    "PORT": "eighty",
    "LOG_FORMAT": "xml",
    "FAL_KEY": "k\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    "PUBLIC_URL": "shop",
    "HOST": "0.0.0.0",  # noqa: S104 it is refused
    "R2_BUCKET": "videos",
    "R2_ENDPOINT_URL": "https://r2.example/videos",
    "AUTH_AUDIENCE": '"videos"',
    "SURREAL_URL": "localhost:8000",
    "EVENTS_URL": "https://shop.example/events",
}


@STARTUP_FAULTS.row(
    "setting-number", "setting-choice", "setting-secret", "setting-quotes", "public-url"
)
@STARTUP_FAULTS.row(
    "public-url", "host-open", "r2-half", "r2-path", "database-address", "events-unsigned"
)
async def wrong_settings(sandbox: Sandbox) -> str:
    """The service and a script report all of them at once."""
    status, lines = await sandbox.run("app", **WRONG_SETTINGS)
    assert (status, lines) == await sandbox.run("scripts.migrate", **WRONG_SETTINGS)
    assert status == 1
    assert len(lines) == len(WRONG_SETTINGS), "each once"
    return "\n".join(lines)


@STARTUP_FAULTS.row("database-user")
async def database_without_user(sandbox: Sandbox) -> str:
    return await sandbox.refused(*SERVICE_AND_MIGRATE, SURREAL_URL="ws://127.0.0.1:8000")


@STARTUP_FAULTS.row("two-ways-to-sign-in")
async def two_ways_to_sign_in(sandbox: Sandbox) -> str:
    keys = "https://id.example/keys"
    return await sandbox.refused(*SERVICE_AND_MIGRATE, AUTH_JWT_SECRET="s" * 32, AUTH_JWKS_URL=keys)


@STARTUP_FAULTS.row("public-secret")
async def public_key_as_secret(sandbox: Sandbox) -> str:
    certificate = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
    return await sandbox.refused("app", SURREAL_URL=sandbox.migrated(), AUTH_JWT_SECRET=certificate)


@STARTUP_FAULTS.row("certificates")
async def certificates_unreadable(sandbox: Sandbox) -> str:
    nowhere = str(sandbox.folder / "nowhere.pem")
    return await sandbox.refused(
        "app", SURREAL_URL=sandbox.migrated(), FAL_KEY="id:key", SSL_CERT_FILE=nowhere
    )


@STARTUP_FAULTS.row("store-locked")
async def store_in_use(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.migrated())):
        return await sandbox.refused(*(each for each in PROGRAMS if each != GRANT))


@STARTUP_FAULTS.row("grant-locked")
async def grant_without_a_key(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.migrated())):
        return await sandbox.refused(GRANT)


@STARTUP_FAULTS.row("grant-no-service")
async def grant_finds_no_service(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.migrated())):
        return await sandbox.refused(GRANT, ADMIN_API_KEYS=ADMIN_KEY)


@STARTUP_FAULTS.row("grant-key")
async def grant_with_another_key(sandbox: Sandbox) -> str:
    settings = settings_for(sandbox.migrated(), sandbox.folder / "storage")
    async with running(settings, None) as run, over_a_socket(run) as address:
        port = address.rpartition(":")[2]
        return await sandbox.refused(GRANT, ADMIN_API_KEYS=ADMIN_KEY.upper(), PORT=port)


@STARTUP_FAULTS.row("store-folder")
async def store_is_a_file(sandbox: Sandbox) -> str:
    (sandbox.folder / "surreal").touch()
    return await sandbox.refused(*SERVICE_AND_MIGRATE)


@STARTUP_FAULTS.row("folder")
async def storage_is_a_file(sandbox: Sandbox) -> str:
    (sandbox.folder / "storage").touch()
    status, lines = await sandbox.run("app", SURREAL_URL=sandbox.migrated())
    assert status == 1
    return lines[-1]


@STARTUP_FAULTS.row("database-unreachable")
async def database_unreachable(sandbox: Sandbox) -> str:
    url = f"ws://127.0.0.1:{free_port()}"
    output = await sandbox.refused("app", SURREAL_URL=url, SURREAL_USER="ada", SURREAL_PASSWORD="p")
    scripts = await sandbox.refused(
        *SCRIPTS, SURREAL_URL=url, SURREAL_USER="a", SURREAL_PASSWORD="p"
    )
    assert scripts == f"{output} Run this again once it answers."
    return output


@STARTUP_FAULTS.row("database-sign-in")
async def wrong_user_level(sandbox: Sandbox) -> str:
    address = replace(sandbox.server().address(), level="database")
    return await sandbox.refused(*SERVICE_AND_MIGRATE, **environment_of(address))


@STARTUP_FAULTS.row("database-read-only")
async def database_user_may_not_write(sandbox: Sandbox) -> str:
    address = replace(sandbox.server().address(), database="video")
    async with connected(address) as database:
        await migrate(database)
        await database.query("DEFINE USER viewer ON DATABASE PASSWORD 'v' ROLES VIEWER")
    user = environment_of(replace(address, user="viewer", password="v", level="database"))
    return await sandbox.refused("app", "scripts.backfill", "scripts.grant ada 5", **user)


@STARTUP_FAULTS.row("migrate-read-only")
async def migration_user_may_not_define(sandbox: Sandbox) -> str:
    address = sandbox.server().address()
    async with connected(address) as database:
        await database.query("DEFINE USER viewer ON DATABASE PASSWORD 'v' ROLES VIEWER")
    user = environment_of(replace(address, user="viewer", password="v", level="database"))
    return await sandbox.refused("scripts.migrate", **user)


@STARTUP_FAULTS.row("schema-pending")
async def schema_pending(sandbox: Sandbox) -> str:
    return await sandbox.refused(*(each for each in PROGRAMS if each != "scripts.migrate"))


@STARTUP_FAULTS.row("schema-edited")
async def schema_edited(sandbox: Sandbox) -> str:
    return await refused_after(
        sandbox, "UPDATE migration:⟨001_video_job.surql⟩ SET checksum = 'another'"
    )


@STARTUP_FAULTS.row("schema-newer")
async def schema_newer(sandbox: Sandbox) -> str:
    return await refused_after(sandbox, "CREATE migration:⟨999_future.surql⟩ SET checksum = 'c'")


@STARTUP_FAULTS.row("schema-later")
async def schema_later(sandbox: Sandbox) -> str:
    return await refused_after(
        sandbox, "UPDATE migration:⟨functions/clock.surql⟩ SET release = 999, checksum = 'c'"
    )


@STARTUP_FAULTS.row("schema-replaced")
async def schema_replaced(sandbox: Sandbox) -> str:
    return await refused_after(
        sandbox,
        "UPDATE migration:⟨functions/clock.surql⟩ SET replaced = [checksum], checksum = 'c'",
    )


@STARTUP_FAULTS.row("schema-newer-meanwhile")
async def schema_newer_meanwhile(sandbox: Sandbox) -> str:
    """Another release migrates after this one has read the ledger."""
    async with connected(embedded(sandbox.migrated())) as database:
        await database.query("UPDATE migration:⟨functions/clock.surql⟩ SET release = 999")
        clock = next(file for file in schema.load() if file.name == "functions/clock.surql")
        with pytest.raises(MigrationFailed) as refusal:
            await migrations.apply(database, replace(clock, checksum="another"))
    return str(refusal.value)


@STARTUP_FAULTS.row("ledger-foreign")
async def ledger_foreign(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.store)) as database:
        await database.query("CREATE migration:1 SET name = 'init'")
    return await sandbox.refused("app", "scripts.backfill")


@STARTUP_FAULTS.row("tables-foreign", "not-adopted")
async def tables_foreign(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.store)) as database:
        await database.query("CREATE template:1 SET name = 'theirs'")
    status, lines = await sandbox.run("scripts.migrate")
    assert status == 1
    return "\n".join(lines)


@STARTUP_FAULTS.row("local-fal-locked")
async def local_fal_in_use(sandbox: Sandbox) -> str:
    with locked(sandbox.folder / "storage" / ".local-fal"):
        return await sandbox.refused("app", SURREAL_URL=sandbox.migrated())


@STARTUP_FAULTS.row("schema-drift")
async def schema_drift(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.migrated())) as database:
        await database.query("DEFINE FIELD OVERWRITE credits ON video_job TYPE any")
    status, lines = await sandbox.run("scripts.migrate", "--check")
    assert status == 1
    return "\n".join(lines)


@STARTUP_FAULTS.row("port-taken")
async def port_in_use(sandbox: Sandbox) -> str:
    with occupied_port() as port:
        return await sandbox.refused(SURREAL_URL=sandbox.migrated(), PORT=port)


async def refused_after(sandbox: Sandbox, statement: str) -> str:
    """Run a statement on a migrated store that the service and scripts then refuse."""
    async with connected(embedded(sandbox.migrated())) as database:
        await database.query(statement)
    return await sandbox.refused(*SERVICE_AND_MIGRATE)
