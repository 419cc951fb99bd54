"""The load generator ``wrk``, of Debian's package of that name."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from tests.support.tokens import bearer

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Load:
    """What came of asking for so many seconds."""

    rate: float
    """Answers a second."""
    p99: float
    """Seconds within which 99 of 100 were answered."""


def wrk(url: str, *, connections: int = 32, seconds: int = 4) -> Load:
    """Ask for ``url`` as fast as it answers, with a user's token.

    Raises:
        RuntimeError: an answer was not 2xx or 3xx, or did not come.
        SystemExit: it is not installed.

    """
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("No wrk: put it on PATH, from Debian's package of that name.")
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
    said = subprocess.run(  # noqa: S603 our own arguments
        command, capture_output=True, text=True, check=True
    ).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if rate is None or p99 is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{url} was not answered as it should be:\n{said}")
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]])
