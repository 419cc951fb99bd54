"""Room for videos on their way; what a killed process leaves there goes with the next start."""

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
    """Yield a folder of this process's own, and remove those of processes that have died.

    Each process holds a lock on its folder, which ends with the process however that ends.

    Raises:
        OSError: the disk takes no folder.

    """
    for left in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _open(left) as handle:  # in use, another user's, or just gone
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(left)
    new = Path(mkdtemp(prefix=f"new-{PREFIX}"))
    with _open(new) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Under its own name only now: nobody can find it without its lock.
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
