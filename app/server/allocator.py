"""How the C library allocates large blocks, such as start images."""

import ctypes
import sys

LARGE_BLOCK = 1024 * 1024
"""Bytes."""

_M_MMAP_THRESHOLD = -3
"""From glibc's malloc.h."""


def map_large_blocks() -> None:
    """Let glibc map each large block by itself, so that its memory is returned when it is freed.

    By default, glibc does so only until the first large block is freed. Later ones come from a
    heap of each thread, which keeps what is freed below a block in use. Other C libraries are left
    as they are.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
