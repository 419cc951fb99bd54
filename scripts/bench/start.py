"""The time from the start of the process to the first ready answer, on a migrated store.

The baseline is a process that only imports the packages that the service imports at its start.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.bench.figure import Figure, Goal
from scripts.bench.rounds import alternate
from tests.support.database import embedded, migrated
from tests.support.process import Process, started

ROUNDS = 7
GOAL = Goal("≤", 1.5)
LIST = (
    "import sys, app.main, app.server.process; "
    "print(*{name.partition('.')[0] for name in sys.modules})"
)
PAUSE = 0.001
"""Seconds between two attempts to connect."""


def measure(folder: Path) -> Iterator[Figure]:
    """Compare both; the first run of each fills caches and does not count."""
    asyncio.run(_migrated(folder))
    packages = _packages()

    def ours() -> float:
        begun = time.perf_counter()
        with started(folder, "app", LOG_LEVEL="ERROR") as service:
            _until_ready(service)
            seconds = time.perf_counter() - begun
            service.stop(signal.SIGTERM)
        return seconds

    def baseline() -> float:
        begun = time.perf_counter()
        _run(f"import {', '.join(packages)}")
        return time.perf_counter() - begun

    ours()
    baseline()
    rounds = alternate(ROUNDS, ours, baseline)
    yield Figure(
        what="start of the process to the first ready answer, embedded engine",
        measured=f"{rounds.median:.2f} s",
        beside=f"import of the {len(packages)} packages: {rounds.baseline_median:.2f} s",
        values=rounds.ratios,
        goal=GOAL,
    )


async def _migrated(folder: Path) -> None:
    async with migrated(embedded(f"surrealkv://{folder / 'surreal'}")):
        pass


def _packages() -> list[str]:
    """Return the third-party packages that the service has imported when it starts."""
    ours = {"app", "tests", "scripts", "__main__"}
    imported = set(_run(LIST).split()) - ours - sys.stdlib_module_names
    return sorted(name for name in imported if name.isidentifier() and not name.startswith("_"))


def _run(code: str) -> str:
    done = subprocess.run(  # noqa: S603 its own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout


def _until_ready(service: Process) -> None:
    """Poll /readyz more often than :meth:`Process.until_ready`."""
    while not service.is_ready():
        assert service.popen.poll() is None, service.stderr
        time.sleep(PAUSE)
