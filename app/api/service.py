"""What a request has at hand."""

import asyncio
from dataclasses import dataclass
from typing import TypedDict

from app.api.identity import Identity
from app.api.streams import Streams
from app.database.client import Database
from app.database.job_store import JobStore
from app.errors import ShuttingDown
from app.fal.signatures import Signatures
from app.jobs.lifecycle import Lifecycle
from app.jobs.sweep import Sweep
from app.server.tasks import BackgroundTasks
from app.settings import Settings
from app.storage.protocol import Storage
from app.templates.catalogue import Catalogue


@dataclass(frozen=True, kw_only=True)
class Service:
    """The assembled parts, made once by :func:`app.main.create_app`."""

    settings: Settings
    database: Database
    store: JobStore
    storage: Storage
    catalogue: Catalogue
    identity: Identity
    lifecycle: Lifecycle
    signatures: Signatures
    background: BackgroundTasks
    streams: Streams
    sweep: Sweep
    stopping: asyncio.Event
    """Set once the service takes no new work."""

    def require_open(self) -> None:
        """Pass while the service takes new work, else raise ShuttingDown."""
        if self.stopping.is_set():
            raise shutting_down()


class LifespanState(TypedDict):
    """The lifespan's state, found in ``request.state``."""

    service: Service
    stopping: asyncio.Event
    """As :attr:`Service.stopping`: the server sets it when a signal arrives."""


def shutting_down() -> ShuttingDown:
    """Return what callers are told once the service stops."""
    return ShuttingDown("The service is stopping; another one takes over.", retry_after=5)
