"""The function that every call to fal, its media hosts, the storage and the database passes.

Each call has a stable name, such as ``fal.submit`` or ``storage.put``. The service uses
:func:`app.telemetry.metrics.timed`; tests inject faults, counts and crashes instead.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Seam(Protocol):
    """Awaits ``call()`` and returns its result; ``name`` says which call it is."""

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T: ...


async def direct(_name: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Await the call and do nothing else."""
    return await call()
