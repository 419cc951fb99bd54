"""A file that is read while it is still being written."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Self


class ArrivingFile:
    """A file that grows at its end; readers wait for its bytes.

    A file that stops arriving never ends: whoever reads it is cancelled.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrived = 0
        self._size: int | None = None
        self._change = asyncio.Event()

    @classmethod
    def whole(cls, path: Path, size: int) -> Self:
        """Return a file that is there already."""
        file = cls(path)
        file.grow(size, size)
        return file

    def grow(self, arrived: int, size: int | None) -> None:
        """Say that the first ``arrived`` bytes can be read now; ``size`` is of all, if known."""
        self._arrived, self._size = arrived, size
        self._change.set()
        self._change = asyncio.Event()

    def has(self, position: int) -> bool:
        """Tell whether all bytes before ``position`` can be read."""
        return self._arrived >= position

    async def is_larger_than(self, size: int) -> bool:
        """Tell, as soon as it is certain, whether the whole file has more than ``size`` bytes."""
        while self._size is None and not self.has(size + 1):
            await self._change.wait()
        return self._size is None or self._size > size

    async def size_of_part(self, start: int, most: int) -> int:
        """Return the size of the part that begins at ``start``; 0 at the end of the file.

        Waits until its first byte can be read and it is known to be the last or to have ``most``.
        """
        while not self._is_certain(start, most):
            await self._change.wait()
        size = start + most if self._size is None else self._size
        return min(size - start, most)

    def _is_certain(self, start: int, most: int) -> bool:
        if self._size is None:
            return self.has(start + most)
        return self.has(min(start + 1, self._size))

    async def read(self, handle: int, start: int, most: int) -> bytes:
        """Return between 1 and ``most`` bytes from ``start`` on, once there are some.

        Raises:
            OSError: they cannot be read, or somebody has shortened the file.

        """
        while not self.has(start + 1):
            await self._change.wait()
        data = await asyncio.to_thread(os.pread, handle, min(most, self._arrived - start), start)
        if not data:
            raise OSError(errno.EIO, "the file was shortened")
        return data
