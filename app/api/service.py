"""The parts that routes use, and how a route reads its caller and its job."""

import asyncio
import functools
import re
from dataclasses import dataclass
from typing import TypedDict

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import Scope

from app.api import under_way
from app.api.body import RequestMemory
from app.api.identity import Identity
from app.api.readiness import Readiness
from app.api.tokens import Caller
from app.database.account_store import AccountStore
from app.database.client import Database
from app.database.erasure_store import ErasureStore
from app.database.job_pages import JobPages
from app.database.job_store import JobStore
from app.database.library_store import LibraryStore
from app.database.share_store import ShareStore
from app.database.support_store import SupportStore
from app.domain.job import Job
from app.fal.signatures import Signatures
from app.jobs.deletions import Deletions
from app.jobs.erasures import Erasures
from app.jobs.lifecycle import Lifecycle
from app.jobs.outgoing_events import OutgoingEvents
from app.jobs.shared_places import SharedPlaces
from app.jobs.subscriptions import Subscriptions
from app.jobs.sweep import Sweep
from app.jobs.waits import Waits
from app.jobs.webhooks import Webhooks
from app.problems import InvalidQuery, JobNotFound, ShuttingDown, VideoNotFound
from app.server.tasks import BackgroundTasks
from app.settings import Settings
from app.storage.protocol import Storage
from app.templates.catalogue import Catalogue

NO_STORE = {"Cache-Control": "no-store"}
MAX_QUERY_BYTES = 4096
"""A longer query names no job."""
REMEMBERED_QUERIES = 1024
"""Most polls repeat a query."""

_JOB_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """The assembled parts, made once by :func:`app.main.create_app`."""

    settings: Settings
    database: Database
    readiness: Readiness
    store: JobStore
    accounts: AccountStore
    library: LibraryStore
    job_pages: JobPages
    support: SupportStore
    shares: ShareStore
    erasure_store: ErasureStore
    storage: Storage
    catalogue: Catalogue
    waits: Waits
    identity: Identity
    lifecycle: Lifecycle
    webhooks: Webhooks
    signatures: Signatures
    memory: RequestMemory
    background: BackgroundTasks
    subscriptions: Subscriptions
    stream_places: SharedPlaces
    sweep: Sweep
    deletions: Deletions
    erasures: Erasures
    outgoing_events: OutgoingEvents | None
    stopping: asyncio.Event
    """Set when the service stops taking new work."""

    def require_open(self) -> None:
        """Raise ShuttingDown if the service takes no new work."""
        if self.stopping.is_set():
            raise shutting_down()


class LifespanState(TypedDict):
    """The state that the lifespan gives to every request."""

    service: Service
    stopping: asyncio.Event
    """As :attr:`Service.stopping`; the server sets it when a signal arrives."""


def shutting_down() -> ShuttingDown:
    """Return the problem for callers who arrive while the service stops."""
    return ShuttingDown("The service is stopping; another instance takes over.", retry_after=5)


def service_of(request: Request[LifespanState]) -> Service:
    """Return the service that answers the request."""
    service: Service = request.scope["state"]["service"]
    return service


async def caller_of(request: Request[LifespanState]) -> Caller:
    """Return who sent the request, which counts as under way until its answer begins.

    Raises:
        Unauthenticated: the request carries no valid token.
        TooBusy: too many requests of the caller are under way.

    """
    caller = await identified(request)
    under_way.begin(request.scope, caller.user, service_of(request).memory.requests)
    return caller


async def identified(request: Request[LifespanState]) -> Caller:
    """Return who sent a request that may ask the database for nothing of its own.

    Raises:
        Unauthenticated: the request carries no valid token.

    """
    caller = await service_of(request).identity.caller(authorization_of(request.scope))
    request.scope["caller"] = caller  # for the access log
    return caller


def authorization_of(scope: Scope) -> str:
    """Return the first ``Authorization`` header, or an empty string.

    Every poll calls this, so it builds no object of all headers.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    return ""


async def own_job(request: Request[LifespanState]) -> Job:
    """Return the caller's job that ``?jobId=`` names.

    Raises:
        Unauthenticated, TooBusy: as :func:`caller_of` does.
        InvalidQuery: the query names no job.
        JobNotFound: there is no such job, or it belongs to another user.

    """
    caller, job_id = await identified(request), job_id_of(request)
    lifecycle = service_of(request).lifecycle
    if not lifecycle.is_shared(job_id):
        await caller_of(request)
    job = await lifecycle.latest(job_id)
    if job.user != caller.user:
        raise JobNotFound("There is no such job.")
    return job


def job_id_of(request: Request[LifespanState]) -> str:
    """Return ``?jobId=``; raises InvalidQuery if it cannot be the id of a job."""
    return job_id_in(request.scope["query_string"])


def video_id_of(request: Request[LifespanState]) -> str:
    """Return the job in a path of the library; raises VideoNotFound if no job can have this id."""
    job_id: str = request.path_params["jobId"]
    if not is_job_id(job_id):
        raise VideoNotFound
    return job_id


def is_job_id(text: str) -> bool:
    """Return whether the text can be the id of a job or of fal's request."""
    return _JOB_ID.fullmatch(text) is not None


@functools.lru_cache(REMEMBERED_QUERIES)
def job_id_in(query: bytes) -> str:
    """Return ``jobId`` of a query; raises InvalidQuery if it cannot be the id of a job."""
    job_id = QueryParams(query).get("jobId", "") if len(query) <= MAX_QUERY_BYTES else ""
    if not is_job_id(job_id):
        raise InvalidQuery("Name the job: ?jobId=…")
    return job_id
