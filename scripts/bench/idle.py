"""Waits until a process has nothing to do, see proc(5)."""

import os
import time
from pathlib import Path

INTERVAL, LONGEST = 2.0, 180.0
"""Seconds."""
IDLE = 0.02
"""Of one core."""


def until_idle(pid: int) -> None:
    """Wait until the process computes no more, as a database does after many writes.

    Raises:
        TimeoutError: it still computes after ``LONGEST``.

    """
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        before = _processor_seconds(pid)
        time.sleep(INTERVAL)
        if _processor_seconds(pid) - before < IDLE * INTERVAL:
            return
    raise TimeoutError(f"process {pid} still computes after {LONGEST:.0f} s")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
