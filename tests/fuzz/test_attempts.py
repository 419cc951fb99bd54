"""Whatever is sent to it, the service answers as described, stays well, and keeps nothing."""

import os
from pathlib import Path

import pytest

from app.database.audit import audit
from app.storage.local_files import LocalFiles
from tests.fuzz.trial import attacked
from tests.support.database import connected, embedded
from tests.support.process import ON_LINUX
from tests.support.stand_ins.fal import FalStandIn

ATTEMPTS = int(os.environ.get("ATTEMPTS", "20000"))
SEED = int(os.environ.get("SEED", "1"))
EVERYDAY = 500
GROWTH = 32 * 1024 * 1024
"""Bytes after the warm-up: caches of tokens (16 MiB), queries (4 MiB) and answers may fill; 2 KiB
kept of each of the 20,000 would be more. Of the everyday few nothing would be seen beside them."""

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="/proc tells what a process holds")


@pytest.mark.parametrize(
    "count",
    [EVERYDAY, pytest.param(ATTEMPTS, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
async def test_no_request_makes_a_fault_or_leaves_anything(
    tmp_path: Path, store_url: str, fal: FalStandIn, count: int
) -> None:
    async with attacked(tmp_path, store_url, fal) as trial:
        files = trial.files()
        await trial.endure(count // 10, seed=SEED)
        warm = trial.size()
        await trial.endure(count - count // 10, seed=SEED + 1)
        grown = trial.size().resident - warm.resident
        print(f"\n{count} attempts, {grown / 2**20:.1f} MiB grown\n{sorted(trial.answers.items())}")  # noqa: T201 the figures are the point
        assert trial.troubles == []
        assert trial.faults() == []
        assert await trial.makes_a_video()
        assert trial.files() == files
        assert trial.size().files <= warm.files + 50, "connections that nobody closes"
        assert grown < GROWTH or count == EVERYDAY
        trial.process.popen.terminate()
        assert trial.process.exit_status() == 0
    async with connected(embedded(store_url)) as database:
        assert await audit(database, LocalFiles(tmp_path / "storage"), read=True) == []
