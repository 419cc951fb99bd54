"""The audit of a large database: its time, its memory, and each kind of damage found."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from app.database.audit import audit, count_rows
from app.database.client import Database
from scripts.audit import DEADLINE
from scripts.migrate import migrate
from tests.database.test_audit_damage import ALLOW_ALL, DAMAGE
from tests.soak.sound_jobs import FullStorage, fill
from tests.support.database import surreal_server

if TYPE_CHECKING:
    from app.storage.protocol import Storage

JOBS = int(os.environ.get("AUDITED_JOBS", "1000000"))
MEMORY_MIB = 256
"""How far the audit of any number of jobs may grow its process."""
PASSED_OVER = "users/user-0/library/2020-01-01-night-life-roller-9.mp4"

pytestmark = [pytest.mark.soak, pytest.mark.timeout(14400)]

Expected = list[tuple[str, str]]
"""The subject and a part of each finding."""


async def test_audit_of_many_jobs_finds_each_kind_of_damage(tmp_path: Path) -> None:
    with surreal_server(tmp_path / "server") as server:
        async with Database(server.address(), deadline=DEADLINE) as database:
            await migrate(database)
            began = time.monotonic()
            await fill(database, JOBS)
            filled = time.monotonic() - began
            storage, expected, users = await damage(database)
            rows = await count_rows(database)
            before = reset_peak()
            began = time.monotonic()
            found = await audit(database, cast("Storage", storage), read=False)
            seconds = time.monotonic() - began
    grown = (peak() - before) / 1024
    print(  # noqa: T201 the figures are the point
        f"\n{JOBS} jobs, filled in {filled:.0f} s; audited in {seconds:.0f} s ({rows} rows), "
        f"{grown:.0f} MiB more than before, {len(found)} findings"
    )
    text = "\n".join(map(str, found))
    for subject, finding in expected:
        assert any(each.subject == subject and finding in each.finding for each in found), (
            f"{subject}: {finding}\n{text}"
        )
    assert {each.subject for each in found} <= users | {subject for subject, _ in expected}, text
    assert grown < MEMORY_MIB


async def damage(database: Database) -> tuple[FullStorage, Expected, set[str]]:
    """Damage one job in each way; return what the audit must find, and those jobs' users."""
    await run(database, ALLOW_ALL)
    expected, users = Expected(), set[str]()
    statuses = [status for status, _, _ in DAMAGE.values()]
    jobs = {
        status: await database.query(
            "RETURN (SELECT VALUE [record::id(id), user] FROM video_job"
            " WHERE status = $status LIMIT $number)",
            status=status,
            number=statuses.count(status) + 1,
        )
        for status in set(statuses)
    }
    for status, statements, finding in DAMAGE.values():
        job, user = jobs[status].pop()
        await run(database, statements, job=job)
        expected.append((job, finding))
        users.add(user)
    job, _ = jobs["completed"].pop()
    key = await database.query("RETURN type::record('video_job', $job).video_key", job=job)
    expected += [(job, "there is no object at"), (job, "which is not the key of any job")]
    await database.query("CREATE type::record('storage_key_taken', $key)", key=PASSED_OVER)
    await database.query(
        "CREATE type::record('idempotency', ['user-0', 'key']) SET fingerprint = 'f', "
        "job = 'gone', expires_at = time::now() + 1d"
    )
    expected.append(("gone", "has an idempotency key"))
    return FullStorage(missing=key, owners={PASSED_OVER: job}), expected, users


async def run(database: Database, statements: str, **variables: Any) -> None:
    for result in await database.run_script(statements, **variables):
        assert result["status"] == "OK", result


def reset_peak() -> int:
    """Forget the peak of this process's memory (Linux); return its memory now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return VmHWM, the peak of this process's memory, in KiB; see proc(5)."""
    (line,) = (
        each
        for each in Path("/proc/self/status").read_text().splitlines()
        if each.startswith("VmHWM")
    )
    return int(line.split()[1])
