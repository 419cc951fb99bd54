"""Files that are whole or absent, however the process ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RETENTION_SECONDS = 7 * 24 * 3600


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it becomes ``target`` at the end, or vanishes on an error."""
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def open_folder(folder: Path) -> None:
    """Make ``folder``, and clear away what writes left behind that a death cut short."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in folder.glob(".*.part"):
        part.unlink()


def expired(path: Path) -> bool:
    """Tell whether ``path`` was written longer ago than fal keeps media by default."""
    return time.time() - path.stat().st_mtime > RETENTION_SECONDS
