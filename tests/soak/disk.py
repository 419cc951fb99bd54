"""A file system in memory that a test can fill up and empty again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOM = 2 << 30
"""Bytes; only what is written takes up memory."""


@dataclass
class Disk:
    """A file system of its own."""

    folder: Path

    def leave(self, room: int) -> None:
        """Leave so many bytes; with 0 every write that needs a new page fails with ENOSPC."""
        # What is written meanwhile makes the new size too small, and the kernel refuses it.
        # A size of zero would mean no limit.
        while not self._resize(max(1, self._used() + room)):
            pass

    def empty(self) -> None:
        """Make room again."""
        assert self._resize(ROOM), f"{self.folder} cannot be resized"

    def _used(self) -> int:
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def _resize(self, size: int) -> bool:
        return _mounted(self.folder, f"remount,size={size}")


@contextmanager
def mounted_disk(folder: Path) -> Iterator[Disk]:
    """Mount a disk at ``folder``, or skip the test if this user may not mount."""
    folder.mkdir()
    if not _mounted(folder, f"size={ROOM}"):
        pytest.skip("mounting needs root on Linux: unshare --map-root-user --mount make soak")
    try:
        yield Disk(folder)
    finally:
        _succeeds("umount", "--lazy", str(folder))


def _mounted(folder: Path, options: str) -> bool:
    # A remount in the short form is refused in a user namespace.
    return _succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
