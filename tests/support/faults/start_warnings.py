"""Rows of ``docs/errors.md``: a service starts with a warning."""

from scripts.migrate import migrate
from tests.support.database import connected, embedded
from tests.support.faults.sandbox import Faults, Sandbox, occupied_port
from tests.support.legacy import legacy_row, make_legacy
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY
from tests.support.sockets import free_port

START_WARNINGS = Faults()


@START_WARNINGS.row("no-bucket", "no-fal-key", "no-sign-in")
async def no_settings(sandbox: Sandbox) -> str:
    return await sandbox.warned()


@START_WARNINGS.row("short-secret")
async def short_secret(sandbox: Sandbox) -> str:
    return await sandbox.warned(AUTH_JWT_SECRET="guess-me")


@START_WARNINGS.row("backfill-waits")
async def legacy_rows(sandbox: Sandbox) -> str:
    async with connected(embedded(sandbox.store)) as database:
        await make_legacy(database, legacy_row("request-1"))
        await migrate(database)
    with occupied_port() as port:
        _, lines = await sandbox.run("app", PORT=port)
    return "\n".join(lines)


@START_WARNINGS.row("storage-folder")
async def storage_fails(sandbox: Sandbox) -> str:
    (sandbox.folder / "storage").touch()
    return await sandbox.warned(FAL_KEY="key-id:key-secret")


@START_WARNINGS.row("bucket-missing")
async def bucket_missing(sandbox: Sandbox) -> str:
    elsewhere = bucket(sandbox.s3().endpoint_url, R2_BUCKET="elsewhere")
    output = await sandbox.warned(**elsewhere)
    assert "Check R2_BUCKET" in await sandbox.refused("scripts.audit", **elsewhere)
    return output


@START_WARNINGS.row("bucket-keys")
async def bucket_keys_refused(sandbox: Sandbox) -> str:
    return await sandbox.warned(
        **bucket(sandbox.s3().endpoint_url, R2_SECRET_ACCESS_KEY="withdrawn")
    )


@START_WARNINGS.row("bucket-unreachable")
async def bucket_unreachable(sandbox: Sandbox) -> str:
    return await sandbox.warned(**bucket(f"http://127.0.0.1:{free_port()}"))


def bucket(endpoint_url: str, **changes: str) -> dict[str, str]:
    plain = {
        "FAL_KEY": "key-id:key-secret",
        "R2_ENDPOINT_URL": endpoint_url,
        "R2_BUCKET": BUCKET,
        "R2_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "R2_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }
    return plain | changes
