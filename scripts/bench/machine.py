"""The machine of the measurements."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("starlette", "uvicorn", "surrealdb", "fal-client", "aioboto3", "httpx")


def describe() -> dict[str, str]:
    """Return the facts that a reader needs to judge the figures."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in info if "model name" in line), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{model}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "database server": _database_server(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _database_server() -> str:
    """Return version and storage engine of the server that measurements start."""
    program = os.environ.get("SURREAL_BIN", "surreal")
    try:
        version = subprocess.check_output([program, "version"], text=True)  # noqa: S603 operator's
    except OSError:
        return "none"
    return f"SurrealDB {version.split()[0]}, {os.environ.get('SURREAL_ENGINE', 'surrealkv')}"
