"""The application: its route table, and how its parts are put together."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from app.api import account, callback, files, library, operations, videos
from app.api.compression import COMPRESSED
from app.api.identity import open_identity
from app.api.middleware import RequestMiddleware
from app.api.openapi import openapi_route
from app.api.page import page_routes
from app.api.problems import HANDLERS
from app.api.service import LifespanState, Service
from app.caching.key_set import KeySet
from app.database.account_store import AccountStore
from app.database.opening import open_database
from app.database.template_rows import load_templates
from app.errors import StorageUnavailable
from app.fal.opening import open_fal
from app.fal.signatures import KEYS_LIFETIME, KEYS_URL, Signatures
from app.jobs.opening import open_jobs
from app.settings import Settings
from app.storage.local_files import LocalFiles
from app.storage.protocol import Storage
from app.storage.r2 import R2Storage
from app.telemetry import metrics
from app.telemetry.seam import Seam
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)


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
        database = await stack.enter_async_context(open_database(settings, seam))
        storage = await open_storage(settings, seam, stack)
        fal = await stack.enter_async_context(
            open_fal(settings, transport=fal_transport, seam=seam)
        )
        catalogue, stopping = (
            Catalogue(functools.partial(load_templates, database)),
            asyncio.Event(),
        )
        jobs = await stack.enter_async_context(
            open_jobs(
                settings,
                database=database,
                fal=fal,
                storage=storage,
                catalogue=catalogue,
                stopping=stopping,
                seam=seam,
            )
        )
        stack.callback(stopping.set)
        service = Service(
            settings=settings,
            database=database,
            store=jobs.store,
            accounts=AccountStore(database, signup_grant=settings.credits_signup_grant),
            storage=storage,
            catalogue=catalogue,
            identity=await stack.enter_async_context(open_identity(settings)),
            lifecycle=jobs.lifecycle,
            background=jobs.background,
            subscriptions=jobs.subscriptions,
            sweep=jobs.sweep,
            stopping=stopping,
            signatures=Signatures(KeySet(KEYS_URL, fal.media, lifetime=KEYS_LIFETIME)),
        )
        await _warn_of_storage(service)
        yield LifespanState(service=service, stopping=stopping)


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
