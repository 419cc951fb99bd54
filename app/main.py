"""The application: its route table, and how its parts are put together."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from app import times
from app.api import account, callback, files, library, operations, videos
from app.api.compression import COMPRESSED
from app.api.identity import KEY_SET_LIFETIME, identity_from
from app.api.middleware import RequestMiddleware
from app.api.openapi import openapi_route
from app.api.page import page_routes
from app.api.problems import HANDLERS
from app.api.service import LifespanState, Service
from app.caching.key_set import KeySet
from app.database import schema
from app.database.account_store import AccountStore
from app.database.client import Address, Database
from app.database.job_store import JobStore
from app.database.limits import Limits
from app.database.template_rows import load_templates
from app.errors import StorageUnavailable
from app.fal.opening import open_fal
from app.fal.queue import Fal
from app.fal.signatures import KEYS_LIFETIME, KEYS_URL, Signatures
from app.jobs.delivery import Delivery, Fetch
from app.jobs.handover import Handover
from app.jobs.lifecycle import Lifecycle
from app.jobs.live_updates import LiveUpdates
from app.jobs.snapshots import Snapshots
from app.jobs.subscriptions import Subscriptions
from app.jobs.sweep import Sweep
from app.media.downloads import MediaHosts, download
from app.server.certificates import reading_certificates
from app.server.scratch import scratch
from app.server.tasks import BackgroundTasks, supervised
from app.settings import Settings
from app.storage.local_files import LocalFiles
from app.storage.protocol import Storage
from app.storage.r2 import R2Storage
from app.telemetry import metrics
from app.telemetry.seam import Seam
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)

DOWNLOAD_SECONDS = 900.0
"""For one video of any size."""


def create_app(
    settings: Settings,
    *,
    fal_transport: httpx.AsyncBaseTransport | None = None,
    seam: Seam = metrics.timed,
) -> Starlette:
    """Return the service as an ASGI application; its lifespan opens and closes everything.

    Args:
        settings: what to connect to.
        fal_transport: reaches fal and its media hosts, instead of the network or local fal.
        seam: carries out every call to the outside.

    """
    app = Starlette(
        routes=[
            Route("/api/templates/video/status", videos.status, name="status"),
            Route("/api/templates/video", videos.submit, methods=["POST"]),
            Route("/api/templates/video/events", videos.events),
            Route("/api/templates/video/cancel", videos.cancel, methods=["POST"]),
            Route("/api/webhooks/fal", callback.fal_webhook, methods=["POST"]),
            Route("/api/templates", library.templates, middleware=COMPRESSED),
            Route("/api/library", library.library, middleware=COMPRESSED),
            Route("/api/credits", account.credits),
            Route("/healthz", operations.healthz),
            Route("/readyz", operations.readyz),
            Route("/metrics", operations.metrics, middleware=COMPRESSED),
            Route("/media/{key:path}", files.media, name="media"),
            openapi_route(),
            *page_routes(settings),
        ],
        exception_handlers=HANDLERS,
        middleware=[Middleware(RequestMiddleware)],
        lifespan=functools.partial(_lifespan, settings, fal_transport, seam),
    )
    app.router.redirect_slashes = False  # fal treats a redirected webhook as failed
    return app


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    fal_transport: httpx.AsyncBaseTransport | None,
    seam: Seam,
    _app: Starlette,
) -> AsyncIterator[LifespanState]:
    async with AsyncExitStack() as stack:
        database = await _database(settings, seam, stack)
        storage = await open_storage(settings, seam, stack)
        fal = await stack.enter_async_context(
            open_fal(settings, transport=fal_transport, seam=seam)
        )
        if settings.development:
            log.warning("No AUTH_JWT_SECRET or AUTH_JWKS_URL: everyone is dev@localhost")
        elif settings.has_short_secret:
            log.warning("AUTH_JWT_SECRET has fewer than 32 bytes: it can be guessed")

        subscriptions = Subscriptions(max_per_user=settings.max_streams_per_user)
        snapshots = Snapshots(subscriptions.publish)
        store = JobStore(database, Limits.from_settings(settings), publish=snapshots.publish)
        catalogue = Catalogue(functools.partial(load_templates, database))
        background, stopping = BackgroundTasks(), asyncio.Event()
        lifecycle = Lifecycle(
            store=store,
            fal=fal,
            handover=Handover(
                store=store,
                fal=fal,
                background=background,
                stopping=stopping,
                public_url=settings.public_url,
                timeout=settings.submit_timeout,
            ),
            delivery=Delivery(
                store=store,
                fal=fal,
                fetch=_fetch(settings, fal, seam),
                storage=storage,
                scratch=stack.enter_context(scratch()),
                catalogue=catalogue,
            ),
            snapshots=snapshots,
            background=background,
        )
        stack.push_async_callback(background.drain, times.DRAIN)
        sweep = Sweep(store, lifecycle)
        updates = LiveUpdates(
            subscriptions=subscriptions, under_way=store.under_way, latest=lifecycle.latest
        )
        for name, work in (
            ("sweep", sweep.run),
            ("welcome new streams", updates.welcome),
            ("refresh streams", updates.refresh),
        ):
            await stack.enter_async_context(supervised(name, work))
        await stack.enter_async_context(subscriptions.ended_by(stopping))
        stack.callback(stopping.set)
        service = Service(
            settings=settings,
            database=database,
            store=store,
            accounts=AccountStore(database, signup_grant=settings.credits_signup_grant),
            storage=storage,
            catalogue=catalogue,
            identity=identity_from(settings, await _key_set(settings, stack)),
            lifecycle=lifecycle,
            background=background,
            subscriptions=subscriptions,
            sweep=sweep,
            stopping=stopping,
            signatures=Signatures(KeySet(KEYS_URL, fal.media, lifetime=KEYS_LIFETIME)),
        )
        await _warn_of_storage(service)
        yield LifespanState(service=service, stopping=stopping)


def _fetch(settings: Settings, fal: Fal, seam: Seam) -> Fetch:
    return functools.partial(
        download,
        fal.media,
        hosts=MediaHosts(settings.fal_media_hosts),
        max_bytes=settings.max_video_bytes,
        timeout=DOWNLOAD_SECONDS,
        seam=seam,
    )


async def _database(settings: Settings, seam: Seam, stack: AsyncExitStack) -> Database:
    address = Address.from_settings(settings)
    if address.embedded:
        Path(address.url.removeprefix("surrealkv://")).parent.mkdir(parents=True, exist_ok=True)
    database = await stack.enter_async_context(Database(address, seam=seam))
    state = await schema.state(database)
    state.require_serviceable()
    if state.pending:
        log.warning("Rows without fal_model wait for make backfill, then make migrate")
    await database.check()
    return database


async def open_storage(settings: Settings, seam: Seam, stack: AsyncExitStack) -> Storage:
    """Open the store that the settings name; ``stack`` closes it."""
    if settings.r2_bucket is None:
        log.warning("No R2_BUCKET: videos are kept in %s", settings.storage_dir)
        files = LocalFiles(settings.storage_dir, base_url=settings.public_url or "", seam=seam)
        with suppress(OSError):  # whether the folder works is for /readyz to say
            files.tidy()
        return files
    assert settings.r2_endpoint_url, "the settings see to it"
    assert settings.r2_access_key_id, "the settings see to it"
    assert settings.r2_secret_access_key, "the settings see to it"
    return await stack.enter_async_context(
        R2Storage.open(
            endpoint_url=settings.r2_endpoint_url,
            bucket=settings.r2_bucket,
            access_key_id=settings.r2_access_key_id,
            secret_access_key=settings.r2_secret_access_key.get_secret_value(),
            region=settings.r2_region,
            public_url=settings.r2_public_url,
            seam=seam,
        )
    )


async def _warn_of_storage(service: Service) -> None:
    """Log what would keep videos waiting; it may pass, so the service starts."""
    try:
        await operations.storage_answers(service)
    except StorageUnavailable as error:
        log.warning("%s Videos wait, and /readyz answers 503, until the storage is back", error)


async def _key_set(settings: Settings, stack: AsyncExitStack) -> KeySet | None:
    if settings.auth_jwks_url is None:
        return None  # a client that nobody needs would read the system's roots all the same
    with reading_certificates():
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=5))
    return KeySet(settings.auth_jwks_url, client, lifetime=KEY_SET_LIFETIME)
