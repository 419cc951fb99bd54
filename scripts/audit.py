"""Check every invariant over the database and its storage; exit with 1 if one is broken.

--repair first lists what can be deleted safely: objects that no video needs, and expired
idempotency keys. --repair --apply deletes them. What the audit names then needs a person.
"""

import argparse
from datetime import UTC, datetime, timedelta

from tqdm import tqdm

from app.database.audit import audit, count_rows
from app.database.audit_objects import orphans
from app.database.client import Database
from app.settings import Settings
from app.storage.protocol import Storage
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated, open_store, print_target

DEADLINE = 300.0
"""Seconds for one call; a large database needs more than the service's 1.8."""


async def report(
    database: Database, storage: Storage, *, read: bool, since: datetime | None = None
) -> int:
    """Do :func:`name_violations`, and list what ``--repair`` would delete."""
    status = await name_violations(database, storage, read=read, since=since)
    async for key in orphans(database, storage):
        print(f"{key}: not needed any more, delete it with --repair --apply")
    return status


async def name_violations(
    database: Database, storage: Storage, *, read: bool, since: datetime | None = None
) -> int:
    """Print each violation; return 1 if there is one."""
    with tqdm(total=await count_rows(database), unit=" rows", disable=None, leave=False) as bar:
        violations = await audit(database, storage, read=read, since=since, progress=bar.update)
    print("\n".join(map(str, violations)) or "Every invariant holds.")
    return 1 if violations else 0


async def repair(database: Database, storage: Storage, *, apply: bool) -> None:
    """Delete what is not needed any more; without ``apply`` only list it."""
    would = "" if apply else "would be "
    for key in [key async for key in orphans(database, storage)]:
        if apply:
            await storage.delete(key)
        print(f"{key}: {would}deleted: no video needs it")
    expired = await database.query(
        "SELECT VALUE id FROM idempotency WHERE expires_at < fn::clock::now()"
    )
    if apply:
        await database.query("DELETE $expired", expired=expired)
    print(f"{len(expired)} expired idempotency keys {would}deleted")


async def main() -> int:
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--deep", action="store_true", help="read every video's bytes")
    parser.add_argument(
        "--since",
        type=whole_number(36_500),
        metavar="DAYS",
        help="ask the storage only about jobs that were completed or deleted in the last DAYS days",
    )
    parser.add_argument("--repair", action="store_true", help="list what can be deleted safely")
    parser.add_argument("--apply", action="store_true", help="with --repair: delete it")
    arguments = parser.parse_args()
    if arguments.apply and not arguments.repair:
        parser.error("--apply needs --repair")
    settings = Settings()
    async with (
        open_migrated(settings, deadline=DEADLINE) as database,
        open_store(settings) as storage,
    ):
        bucket = settings.r2_bucket
        print_target(database.address, f"bucket {bucket}" if bucket else str(settings.storage_dir))
        await storage.check()  # else every object would be reported as missing
        days = arguments.since
        since = datetime.now(UTC) - timedelta(days=days) if days else None
        check = report
        if arguments.repair:
            await repair(database, storage, apply=arguments.apply)
            check = name_violations
        return await check(database, storage, read=arguments.deep, since=since)


if __name__ == "__main__":
    run(main())
