"""Hostile requests get the documented answers, cause no error, and leave nothing behind."""

import os
import signal
from pathlib import Path

import pytest

from app.database.audit import audit
from app.storage.local_files import LocalFiles
from tests.fuzz.trial import attack
from tests.support.database import connected, embedded
from tests.support.process import ON_LINUX
from tests.support.stand_ins.fal import FalStandIn

ATTEMPTS = int(os.environ.get("ATTEMPTS", "20000"))
SEED = int(os.environ.get("SEED", "1"))
EVERYDAY = 500
GROWTH = 32 * 1024 * 1024
"""Bytes after the warm-up: the caches of tokens (16 MiB), queries (4 MiB) and answers may fill.
2 KiB kept of each of 20,000 requests would exceed it. ``EVERYDAY`` requests are too few to tell."""

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="needs /proc to measure the process")


@pytest.mark.parametrize(
    "count",
    [EVERYDAY, pytest.param(ATTEMPTS, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
async def test_hostile_requests_cause_no_error_and_leave_nothing_behind(
    tmp_path: Path, store_url: str, fal: FalStandIn, count: int
) -> None:
    async with attack(tmp_path, store_url, fal) as trial:
        files = trial.files()
        await trial.send(count // 10, seed=SEED)
        warm = trial.size()
        await trial.send(count - count // 10, seed=SEED + 1)
        grown = trial.size().resident - warm.resident
        print(f"\n{count} attempts, {grown / 2**20:.1f} MiB grown\n{sorted(trial.answers.items())}")  # noqa: T201 the figures are the point
        assert trial.failures == []
        assert trial.log_errors() == []
        assert await trial.makes_a_video()
        assert trial.files() == files
        assert trial.size().files <= warm.files + 50, "connections stay open"
        assert grown < GROWTH or count == EVERYDAY
        assert trial.process.stop(signal.SIGTERM) == 0
    async with connected(embedded(store_url)) as database:
        assert await audit(database, LocalFiles(tmp_path / "storage"), read=True) == []
