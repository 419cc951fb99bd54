"""A folder for videos in progress. The next start removes what a killed process left behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp

PREFIX = "video-generation-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a new folder and remove the folders of processes that no longer run.

    A process holds a lock on its folder; the lock ends with the process, even when it is killed.

    Raises:
        OSError: the folder cannot be created.

    """
    for left in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _open(left) as handle:  # locked, another user's, or already removed
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(left)
    new = Path(mkdtemp(prefix=f"new-{PREFIX}"))
    with _open(new) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Renamed only when it is locked, so that no other process removes it.
        folder = new.rename(new.with_name(new.name.removeprefix("new-")))
        try:
            yield folder
        finally:
            rmtree(folder, ignore_errors=True)


@contextmanager
def _open(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
