"""Files that are complete or absent, even after a crash, in a folder that one process uses."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import ConfigurationError

RETENTION_SECONDS = 7 * 24 * 3600
"""fal keeps media for at least 7 days by default."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make ``folder`` and hold its lock; the system releases the lock if the process dies.

    Raises:
        ConfigurationError: another process holds the lock.

    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"Another process runs local fal in {folder}. Stop it, or set STORAGE_DIR to "
                "another folder."
            ) from error
        yield


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces ``target`` at the end, or is removed on an error."""
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def open_folder(folder: Path) -> None:
    """Make ``folder`` and remove what a killed process wrote only in part."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in folder.glob(".*.part"):
        part.unlink()


def expired(path: Path) -> bool:
    """Return whether ``path`` was last written longer ago than ``RETENTION_SECONDS``."""
    return time.time() - path.stat().st_mtime > RETENTION_SECONDS
