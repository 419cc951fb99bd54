"""The backfill on a server: while the service writes, and after a kill."""

import asyncio
import itertools
import re
from typing import Any

from app.database.address import Address
from app.database.client import Database
from scripts.migrate import migrate
from tests.support.database import SurrealServer, connected
from tests.support.job_functions import BASE, UNLIMITED, job_arguments
from tests.support.legacy import LEGACY_MODEL, legacy_row, make_legacy, run_backfill
from tests.support.scripts import run_script, start_script

STATUSES = ("completed", "failed", "running")


async def adopted(address: Address, rows: int) -> None:
    async with connected(address) as database:
        await make_legacy(
            database, *(legacy_row(f"r{n:05}", STATUSES[n % len(STATUSES)]) for n in range(rows))
        )
        await migrate(database)


async def write_jobs(database: Database, stop: asyncio.Event) -> list[dict[str, Any]]:
    """Open, queue and claim jobs as the service does, until ``stop`` is set."""
    rows: list[dict[str, Any]] = []
    for number in itertools.count():
        if stop.is_set():
            return rows
        job = job_arguments(f"new-{number}", user=f"user-{number % 7}", credits=1)
        await database.call("video_job::open", job, UNLIMITED, None)
        await database.call("video_job::queued", job["id"], f"fal-{number}", 1, 15)
        rows.append(await database.call("video_job::claim", job["id"], "worker", 25, BASE))
    raise AssertionError("counting never ends")


async def test_it_fills_every_row_while_the_service_writes(server: SurrealServer) -> None:
    address = server.address()
    await adopted(address, 3000)
    stop = asyncio.Event()
    async with connected(address) as service, connected(address) as database:
        writing = asyncio.create_task(write_jobs(service, stop))
        assert await run_backfill(database, chunk=200) == 0
        stop.set()
        written = await writing
        await migrate(database)
        assert len(written) > 10
        assert await rows_where(database, "fal_model IS NONE") == 0
        assert await rows_where(database, "stage = 'queued' AND revision = 1") == 1000
        assert await rows_where(database, "stage = 'done'") == 2000
        for row in written:
            assert await database.query("SELECT * FROM ONLY $id", id=row["id"]) == row


async def test_after_a_kill_the_next_run_hands_no_job_over_twice(
    server: SurrealServer,
) -> None:
    address = server.address()
    await adopted(address, 1500)
    async with connected(address) as database:
        killed = await start_script("backfill", "--chunk", "10", address=address)
        while not await rows_where(database, "fal_model IS NOT NONE") > 300:
            assert killed.returncode is None
        killed.kill()
        await killed.communicate()
        filled = await rows_where(database, "fal_model IS NOT NONE")
        assert filled < 1500
        again = await run_script("backfill", address=address)
        assert (again.status, again.err) == (0, "")
        (filled_again,) = re.findall(r"([\d,]+) filled", again.out)
        # The server may still have carried out the last chunk that the killed one had sent.
        assert 0 <= 1500 - filled - int(filled_again.replace(",", "")) <= 10
        assert await rows_where(database, "fal_model = $model") == 1500
        assert await rows_where(database, "revision = 1") == 500
        assert await rows_where(database, "revision > 1") == 0


async def rows_where(database: Database, condition: str) -> int:
    statement = f"RETURN count(SELECT VALUE id FROM video_job WHERE {condition})"  # noqa: S608 ours
    count: int = await database.query(statement, model=LEGACY_MODEL)
    return count
