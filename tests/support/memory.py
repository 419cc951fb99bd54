"""Memory that Python or the C library holds, measured so that no measurement ends the tests.

``tracemalloc`` crashes a process whose other threads allocate without the interpreter's lock while
it starts or stops, as the embedded engine's do (CPython's gh-128679). It traces in a process of its
own; next to the engine, the C library is asked.
"""

import ctypes
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import pytest


class Traced(NamedTuple):
    """Bytes that Python held while a function ran, and when it returned what it made."""

    held: int
    peak: int


class Tracing(NamedTuple):
    """A process in which no engine runs."""

    process: ProcessPoolExecutor

    def of(self, function: Callable[..., object], *arguments: object) -> Traced:
        """Run a function of a test's module there."""
        return self.process.submit(_traced, function, *arguments).result()


def _traced(function: Callable[..., object], *arguments: object) -> Traced:
    tracemalloc.start()
    try:
        _made = function(*arguments)
        return Traced(*tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="session")
def tracing() -> Iterator[Tracing]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        yield Tracing(process)


class _Mallinfo2(ctypes.Structure):
    _fields_ = (
        ("before_mapped", ctypes.c_size_t * 4),
        ("mapped", ctypes.c_size_t),
        ("before_used", ctypes.c_size_t * 2),
        ("used", ctypes.c_size_t),
        ("after_used", ctypes.c_size_t * 2),
    )


def allocated() -> int:
    """Return the bytes of all blocks that malloc has given out; the C library must be glibc.

    Python takes each object of more than 512 bytes from it.
    """
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Mallinfo2
    info: Any = mallinfo()
    return int(info.used + info.mapped)
