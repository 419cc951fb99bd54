"""Runs the load generator ``wrk`` (Debian package ``wrk``)."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from tests.support.tokens import bearer

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Load:
    """The result of one run."""

    rate: float
    """Answers per second."""
    p99: float
    """Seconds within which 99 of 100 were answered."""


def wrk(url: str, *, connections: int = 32, seconds: int = 4) -> Load:
    """Request ``url`` as fast as it answers, with a user's token.

    Raises:
        RuntimeError: an answer was not 2xx or 3xx, or did not come.
        SystemExit: wrk is not installed.

    """
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("wrk is not on PATH: apt-get install wrk")
    header = f"Authorization: {bearer()['Authorization']}"
    command = [
        program,
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout=10s",
        "--latency",
        "-H",
        header,
        url,
    ]
    output = subprocess.run(  # noqa: S603 our own arguments
        command, capture_output=True, text=True, check=True
    ).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    if rate is None or p99 is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{url} was not answered with success every time:\n{output}")
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]])
