"""What tests put between the service and what is outside it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from app.telemetry.seam import T


@dataclass
class Noting:
    """Keeps the names of the calls, but for the sweep's look at what is due."""

    names: list[str] = field(default_factory=list)

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name != "db.video_job::take_due":
            self.names.append(name)
        return await call()


@dataclass
class Failing:
    """Fails the calls of one name."""

    error: Exception
    name: str = ""

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.name:
            raise self.error
        return await call()
