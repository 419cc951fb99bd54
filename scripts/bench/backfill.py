"""The backfill of the legacy stack's rows, while another process writes.

``BENCH_ROWS`` sets the number of rows; the default is 1,000,000.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path

from app.database.address import Address
from app.database.client import Database
from scripts.bench.figure import Figure, Goal
from scripts.bench.memory import Memory
from scripts.migrate import check, migrate
from tests.support.database import environment_of, surreal_server
from tests.support.legacy import LEGACY_TABLE
from tests.support.process import Process, started

ROWS = int(os.environ.get("BENCH_ROWS", "1_000_000"))
BATCH = 1_000
DEADLINE = 60.0
LOOK = 0.2
"""Seconds between two readings of the script's memory."""

# One job in 1,000 is unfinished, one in 10 has failed.
FILL = """INSERT INTO video_job (array::range($from..$to).map(|$n| {
  LET $user = 'user-' + <string> ($n % 5000);
  LET $at = d'2025-03-01T00:00:00Z' + duration::from_secs($n);
  LET $slugs = ['night-life-roller', 'gentle-zoom', 'dance-floor', 'weather-change'];
  LET $status = IF $n % 1000 = 7 { 'processing' }
    ELSE IF $n % 10 = 0 { 'failed' } ELSE { 'completed' };
  RETURN {
    id: <string> rand::uuid::v4(), user: $user, user_email: $user + '@example.com',
    template_slug: $slugs[$n % 4], variables: { headline: 'Friday', mood: 'raw' },
    start_key: 'users/' + $user + '/start/' + <string> $n + '.png', status: $status,
    video_key: IF $status = 'completed' { 'users/' + $user + '/' + <string> $n + '.mp4' },
    created_at: $at, updated_at: $at + 3m
  }
})) RETURN NONE"""


def measure(folder: Path) -> Iterator[Figure]:
    """Run the script and a writer, on a database whose migrations wait for the backfill."""
    with surreal_server(folder / "surreal") as server:
        address = server.address()
        asyncio.run(_fill(address))
        settings = environment_of(address)
        with started(folder, "scripts.bench.legacy_writer", **settings) as writer:
            writer.until(lambda: bool(writer.stdout))
            began = time.monotonic()
            with started(folder, "scripts.backfill", **settings) as script:
                held, peak = _watched(script)
                seconds = time.monotonic() - began
                assert script.exit_status() == 0, script.stdout + script.stderr
                print(script.stdout, file=sys.stderr)
            waits = [float(line) for line in writer.stdout.splitlines()]
        asyncio.run(_finish(address))
    slowest = statistics.quantiles(waits, n=100)[-1]
    yield Figure(
        what=f"backfill of {ROWS:,} rows beside a writer, rows a second",
        measured=f"{ROWS / seconds:,.0f}/s in {seconds:.0f} s",
        beside=f"meanwhile {len(waits):,} writes, p50 {statistics.median(waits):.0f} ms, "
        f"p99 {slowest:.0f} ms",
        values=[ROWS / seconds],
        goal=Goal("≥", 10_000, "/s"),
    )
    yield Figure(
        what="backfill, peak memory of the script",
        measured=f"{peak:.0f} MiB",
        values=[peak],
        goal=Goal("≤", 200, "MiB"),
    )
    early, late = held[len(held) // 4], held[-1]
    yield Figure(
        what="backfill, memory at its end ÷ memory after a quarter",
        measured=f"{late:.0f} MiB",
        beside=f"{early:.0f} MiB",
        values=[late / early],
        goal=Goal("≤", 1.1),
    )


def _watched(script: Process) -> tuple[list[float], float]:
    """Wait for the script's end; return its memory at each reading and its peak, in MiB."""
    memory, held, peak = Memory(script.popen.pid), list[float](), 0.0
    while script.popen.poll() is None:
        with suppress(StopIteration):  # the process has just ended
            peak = max(peak, memory.peak())
            held.append(memory.reset_peak())
        time.sleep(LOOK)
    return held, peak


async def _fill(address: Address) -> None:
    with redirect_stdout(sys.stderr):
        async with Database(address, deadline=DEADLINE) as database:
            began = time.monotonic()
            await database.run_script(LEGACY_TABLE.read_text())
            for first in range(0, ROWS, BATCH):
                await database.query(FILL, **{"from": first, "to": min(first + BATCH, ROWS)})
            await migrate(database)
            print(f"{ROWS:,} rows in {time.monotonic() - began:.0f} s")


async def _finish(address: Address) -> None:
    """Apply the last migration, which needs every row filled."""
    with redirect_stdout(sys.stderr):
        async with Database(address, deadline=DEADLINE) as database:
            await migrate(database)
            assert await check(database) == 0, "rows are left, or the schema has drifted"
