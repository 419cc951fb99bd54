"""The one seam through which every call to the outside passes.

An adapter holds a :class:`Seam` and sends each call to fal, the media host, the object store
and the database through it under a stable name (``fal.submit``, ``storage.put``, ``db.open``).
The service runs with :func:`direct`, tests put faults, counts and deaths in its place.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Seam(Protocol):
    """Carries out ``call``, which is known to everyone as ``name``."""

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T: ...


async def direct(_name: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Carry the call out, and nothing else."""
    return await call()
