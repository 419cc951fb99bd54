"""Check every invariant over the database and its storage; 1 where one is broken.

With --repair it says what can be settled safely (objects whose job ended without a video,
idempotency keys that have expired), and settles it with --apply.
"""

import argparse
import sys
from contextlib import AsyncExitStack

from app.database import schema
from app.database.audit import audit, orphans
from app.database.client import Address, Database
from app.settings import Settings
from app.storage.opening import local_files, open_storage
from app.storage.protocol import Storage
from app.telemetry.seam import direct
from scripts.support.command import run

DEADLINE = 300.0
"""Seconds for one look; a large database takes its time."""


async def report(database: Database, storage: Storage, *, read: bool) -> int:
    """Print each violation with its job, and what --repair would settle."""
    violations = await audit(database, storage, read=read)
    print("\n".join(map(str, violations)) or "Every invariant holds.")
    async for key in orphans(database, storage):
        print(f"{key}: not needed any more, see --repair")
    return 1 if violations else 0


def tell_where(address: Address, settings: Settings) -> None:
    """Name the database and the storage, which may be others than whoever looks believes."""
    storage = f"bucket {settings.r2_bucket}" if settings.r2_bucket else settings.storage_dir
    print(f"At {address.url}, {address.place}, and {storage}:", file=sys.stderr)


async def repair(database: Database, storage: Storage, *, apply: bool) -> int:
    """Settle what nobody can miss; without ``apply`` only say so."""
    would = "" if apply else "would be "
    for key in [key async for key in orphans(database, storage)]:
        if apply:
            await storage.delete(key)
        print(f"{key}: {would}deleted, its job ended without a video")
    expired = await database.query(
        "SELECT VALUE id FROM idempotency WHERE expires_at < fn::clock::now()"
    )
    if apply:
        await database.query("DELETE $expired", expired=expired)
    print(f"{len(expired)} expired idempotency keys {would}forgotten")
    return 0


async def main() -> int:
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="read every video's bytes")
    parser.add_argument("--repair", action="store_true", help="say what can be settled safely")
    parser.add_argument("--apply", action="store_true", help="with --repair: settle it")
    arguments = parser.parse_args()
    settings = Settings()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(Address.from_settings(settings), deadline=DEADLINE)
        )
        tell_where(database.address, settings)
        (await schema.state(database)).require_serviceable()
        storage = await stack.enter_async_context(
            open_storage(settings, files=local_files(settings, direct), seam=direct)
        )
        await storage.check()  # or each object would be told as lost
        if arguments.repair:
            return await repair(database, storage, apply=arguments.apply)
        return await report(database, storage, read=arguments.deep)


if __name__ == "__main__":
    run(main())
