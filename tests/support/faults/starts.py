"""Services and scripts that cannot start, or start with a warning: rows of ``docs/errors.md``."""

from dataclasses import replace

from scripts.migrate import migrate
from tests.support.database import connected, embedded, environment_of
from tests.support.faults.place import Place, Troubles, taken_port
from tests.support.legacy import legacy_row, make_legacy
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from tests.support.sockets import free_port

STARTS = Troubles()
SCRIPTS = (
    "scripts.migrate",
    "scripts.backfill",
    "scripts.grant ada 5",
    "scripts.audit",
    "scripts.job some-job",
)
PROGRAMS = ("app", *SCRIPTS)
TWO = ("app", "scripts.migrate")
SEVERAL_WRONG = {
    "PORT": "eighty",
    "LOG_FORMAT": "xml",
    "FAL_KEY": "k\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    "PUBLIC_URL": "shop",
    "HOST": "0.0.0.0",  # noqa: S104 it is refused
    "R2_BUCKET": "videos",
    "R2_ENDPOINT_URL": "https://r2.example/videos",
    "AUTH_AUDIENCE": '"videos"',
    "SURREAL_URL": "localhost:8000",
}


@STARTS.row("setting-number", "setting-choice", "setting-secret", "setting-quotes", "public-url")
@STARTS.row("host-open", "r2-half", "r2-path", "database-address")
async def several_wrong(place: Place) -> str:
    """All of them at once, for the service and for a script."""
    status, lines = await place.run("app", **SEVERAL_WRONG)
    assert (status, lines) == await place.run("scripts.migrate", **SEVERAL_WRONG)
    assert status == 1
    assert len(lines) == len(SEVERAL_WRONG), "each once"
    return "\n".join(lines)


@STARTS.row("database-user")
async def nobody_signs_in(place: Place) -> str:
    return await place.refused(*TWO, SURREAL_URL="ws://127.0.0.1:8000")


@STARTS.row("two-ways-to-sign-in")
async def both_ways(place: Place) -> str:
    keys = "https://id.example/keys"
    return await place.refused(*TWO, AUTH_JWT_SECRET="s" * 32, AUTH_JWKS_URL=keys)


@STARTS.row("public-secret")
async def secret_is_published(place: Place) -> str:
    certificate = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
    return await place.refused("app", SURREAL_URL=place.migrated(), AUTH_JWT_SECRET=certificate)


@STARTS.row("certificates")
async def no_certificates(place: Place) -> str:
    nowhere = str(place.folder / "nowhere.pem")
    return await place.refused(
        "app", SURREAL_URL=place.migrated(), FAL_KEY="id:key", SSL_CERT_FILE=nowhere
    )


@STARTS.row("store-locked")
async def store_in_use(place: Place) -> str:
    async with connected(embedded(place.migrated())):
        return await place.refused(*PROGRAMS)


@STARTS.row("store-folder")
async def store_is_a_file(place: Place) -> str:
    (place.folder / "surreal").touch()
    return await place.refused(*TWO)


@STARTS.row("folder")
async def storage_is_a_file(place: Place) -> str:
    (place.folder / "storage").touch()
    status, lines = await place.run("app", SURREAL_URL=place.migrated())
    assert status == 1
    return lines[-1]


@STARTS.row("database-unreachable")
async def nobody_listens(place: Place) -> str:
    url = f"ws://127.0.0.1:{free_port()}"
    told = await place.refused("app", SURREAL_URL=url, SURREAL_USER="ada", SURREAL_PASSWORD="p")
    scripts = await place.refused(*SCRIPTS, SURREAL_URL=url, SURREAL_USER="a", SURREAL_PASSWORD="p")
    assert scripts == f"{told} Run this again once it answers."
    return told


@STARTS.row("database-sign-in")
async def wrong_level(place: Place) -> str:
    address = replace(place.server().address(), level="database")
    return await place.refused(*TWO, **environment_of(address))


@STARTS.row("database-read-only")
async def viewer(place: Place) -> str:
    address = replace(place.server().address(), database="video")
    async with connected(address) as database:
        await migrate(database)
        await database.query("DEFINE USER viewer ON DATABASE PASSWORD 'v' ROLES VIEWER")
    user = environment_of(replace(address, user="viewer", password="v", level="database"))
    return await place.refused("app", "scripts.backfill", "scripts.grant ada 5", **user)


@STARTS.row("migrate-read-only")
async def viewer_migrates(place: Place) -> str:
    address = place.server().address()
    async with connected(address) as database:
        await database.query("DEFINE USER viewer ON DATABASE PASSWORD 'v' ROLES VIEWER")
    user = environment_of(replace(address, user="viewer", password="v", level="database"))
    return await place.refused("scripts.migrate", **user)


@STARTS.row("schema-pending")
async def no_schema(place: Place) -> str:
    return await place.refused(*(each for each in PROGRAMS if each != "scripts.migrate"))


@STARTS.row("schema-edited")
async def edited_migration(place: Place) -> str:
    return await after(place, "UPDATE migration:⟨001_video_job.surql⟩ SET checksum = 'another'")


@STARTS.row("schema-newer")
async def newer_database(place: Place) -> str:
    return await after(place, "CREATE migration:⟨999_to_come.surql⟩ SET checksum = 'c'")


@STARTS.row("schema-drift")
async def drifted(place: Place) -> str:
    async with connected(embedded(place.migrated())) as database:
        await database.query("DEFINE FIELD OVERWRITE credits ON video_job TYPE any")
    status, lines = await place.run("scripts.migrate", "--check")
    assert status == 1
    return "\n".join(lines)


@STARTS.row("port-taken")
async def port_in_use(place: Place) -> str:
    with taken_port() as port:
        return await place.refused(SURREAL_URL=place.migrated(), PORT=port)


@STARTS.row("no-bucket", "no-fal-key", "no-sign-in")
async def nothing_set(place: Place) -> str:
    return await place.warned()


@STARTS.row("short-secret")
async def guessable_secret(place: Place) -> str:
    return await place.warned(AUTH_JWT_SECRET="guess-me")


@STARTS.row("backfill-waits")
async def legacy_rows(place: Place) -> str:
    async with connected(embedded(place.store)) as database:
        await make_legacy(database, legacy_row("request-1"))
        await migrate(database)
    with taken_port() as port:
        _, lines = await place.run("app", PORT=port)
    return "\n".join(lines)


@STARTS.row("storage-folder")
async def storage_fails(place: Place) -> str:
    (place.folder / "storage").touch()
    return await place.warned(FAL_KEY="key-id:key-secret")


@STARTS.row("bucket-missing")
async def no_such_bucket(place: Place) -> str:
    elsewhere = bucket(place.s3().endpoint_url, R2_BUCKET="elsewhere")
    told = await place.warned(**elsewhere)
    assert "Check R2_BUCKET" in await place.refused("scripts.audit", **elsewhere)
    return told


@STARTS.row("bucket-keys")
async def withdrawn_keys(place: Place) -> str:
    return await place.warned(**bucket(place.s3().endpoint_url, R2_SECRET_ACCESS_KEY="withdrawn"))


@STARTS.row("bucket-unreachable")
async def no_bucket_there(place: Place) -> str:
    return await place.warned(**bucket(f"http://127.0.0.1:{free_port()}"))


def bucket(endpoint_url: str, **changes: str) -> dict[str, str]:
    plain = {
        "FAL_KEY": "key-id:key-secret",
        "R2_ENDPOINT_URL": endpoint_url,
        "R2_BUCKET": BUCKET,
        "R2_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "R2_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    return plain | changes


async def after(place: Place, statement: str) -> str:
    """Do something to a migrated store, which the service and scripts refuse from then on."""
    async with connected(embedded(place.migrated())) as database:
        await database.query(statement)
    return await place.refused(*TWO)
