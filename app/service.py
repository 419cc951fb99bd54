"""What a request has at hand."""

import asyncio
from dataclasses import dataclass
from typing import TypedDict

from app.adapters.job_store import JobStore
from app.adapters.surreal import Database
from app.background import Background
from app.catalogue import Catalogue
from app.errors import ShuttingDown
from app.identity import Identity
from app.lifecycle import Lifecycle
from app.settings import Settings
from app.storage import Storage
from app.streams import Streams
from app.sweep import Sweep
from app.webhook import Signatures


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
    background: Background
    streams: Streams
    sweep: Sweep
    stopping: asyncio.Event
    """Set once the service takes no new work."""

    def require_open(self) -> None:
        """Pass while the service takes new work, else raise ShuttingDown."""
        if self.stopping.is_set():
            raise shutting_down()


class State(TypedDict):
    """The lifespan's state, found in ``request.state``."""

    service: Service


def shutting_down() -> ShuttingDown:
    """Return what callers are told once the service stops."""
    return ShuttingDown("The service is stopping; another one takes over.", retry_after=5)
