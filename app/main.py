"""The application: its route table, and how its parts are put together."""

import asyncio
import functools
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from app.api import (
    account,
    admin_credits,
    admin_jobs,
    admin_templates,
    admin_users,
    callback,
    deletions,
    job_list,
    library,
    operations,
    videos,
)
from app.api.body import RequestMemory
from app.api.compression import COMPRESSED
from app.api.cors import cors
from app.api.development import DevelopmentGuard
from app.api.files import media_route
from app.api.identity import open_identity
from app.api.job_presentation import ending_body
from app.api.middleware import RequestMiddleware
from app.api.openapi import openapi_route
from app.api.page import page_routes
from app.api.polls import PollMiddleware
from app.api.problems import HANDLERS
from app.api.readiness import Readiness
from app.api.routing import route
from app.api.service import LifespanState, Service
from app.api.shares import share_routes
from app.api.tracing import TraceMiddleware
from app.database.account_store import AccountStore
from app.database.erasure_store import ErasureStore
from app.database.job_pages import JobPages
from app.database.library_store import LibraryStore
from app.database.opening import open_database
from app.database.share_store import ShareStore
from app.database.support_store import SupportStore
from app.database.template_rows import load_templates
from app.events.receiver import open_receiver
from app.fal.opening import open_fal
from app.fal.signatures import open_signatures
from app.jobs.opening import open_jobs
from app.settings import Settings
from app.storage.local_files import LocalFiles
from app.storage.opening import local_files, open_storage, warn_if_unavailable
from app.telemetry import metrics, traces
from app.telemetry.seam import Seam
from app.templates.catalogue import Catalogue

THREADS = 64
"""Of the default executor, which looks up names for new connections as well.

A TMPDIR that hangs holds 28 at once: three of each video and two of each start image in transfer.
"""


def create_app(
    settings: Settings,
    *,
    fal_transport: httpx.AsyncBaseTransport | None = None,
    seam: Seam | None = None,
) -> Starlette:
    """Return the service as an ASGI application; its lifespan opens and closes everything.

    Args:
        settings: what to connect to.
        fal_transport: reaches fal and its media hosts, instead of the network or local fal.
        seam: carries out every call to the outside, instead of timing and tracing it.

    """
    traced = settings.otel_exporter_otlp_endpoint is not None
    seam = seam or (traces.traced if traced else metrics.timed)
    files = local_files(settings, seam)
    status = Route("/api/templates/video/status", videos.status)
    app = Starlette(
        routes=[
            status,
            Route("/api/templates/video", videos.submit, methods=["POST"]),
            Route("/api/templates/video/events", videos.events),
            Route("/api/templates/video/cancel", videos.cancel, methods=["POST"]),
            Route("/api/webhooks/fal", callback.fal_webhook, methods=["POST"]),
            Route("/api/templates", library.templates, middleware=COMPRESSED),
            Route("/api/jobs", job_list.jobs, middleware=COMPRESSED),
            Route("/api/library", library.library, middleware=COMPRESSED),
            route(
                "/api/library/{jobId}",
                GET=library.video,
                PATCH=library.change,
                DELETE=deletions.delete_video,
            ),
            route("/api/library/{jobId}/download", GET=library.download),
            *share_routes(settings),
            Route("/api/me", account.me),
            Route("/api/credits", account.credits),
            Route("/api/admin/credits", admin_credits.adjust_credits, methods=["POST"]),
            Route("/api/admin/jobs/{jobId}/refund", admin_credits.refund, methods=["POST"]),
            route("/api/admin/jobs", GET=admin_jobs.jobs),
            route("/api/admin/jobs/{jobId}", GET=admin_jobs.story),
            route("/api/admin/jobs/{jobId}/fail", POST=admin_jobs.fail),
            route(
                "/api/admin/users/{user:path}",
                GET=admin_users.user,
                PATCH=admin_users.change_user,
                DELETE=admin_users.erase_user,
            ),
            route("/api/admin/templates/{slug}", PATCH=admin_templates.change_template),
            Route("/healthz", operations.healthz),
            Route("/readyz", operations.readyz),
            Route("/metrics", operations.metrics, middleware=COMPRESSED),
            *([media_route(files)] if files else []),
            openapi_route(settings),
            *page_routes(settings),
        ],
        exception_handlers=HANDLERS,
        lifespan=functools.partial(_lifespan, settings, files, fal_transport, seam),
    )
    app.router.redirect_slashes = False  # fal treats a redirected webhook as failed
    layers = app.build_middleware_stack()
    app.middleware_stack = _outer_layers(layers, settings, traced=traced, status=status)
    return app


def _outer_layers(app: ASGIApp, settings: Settings, *, traced: bool, status: Route) -> ASGIApp:
    """Return ``app`` with the layers around Starlette's error handling; a 500 passes them too."""
    if settings.development:
        app = DevelopmentGuard(app)
    if traced:
        app = TraceMiddleware(app)
    app = RequestMiddleware(app, access_log=settings.access_log)
    if not (settings.development or traced):  # neither the guard nor a trace may miss a poll
        app = PollMiddleware(app, route=status)
    if settings.cors_origins:
        # Outermost: a browser hides an answer without these headers.
        app = cors(app, settings.cors_origins)
    return app


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    files: LocalFiles | None,
    fal_transport: httpx.AsyncBaseTransport | None,
    seam: Seam,
    _app: Starlette,
) -> AsyncIterator[LifespanState]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    async with AsyncExitStack() as stack:
        if settings.otel_exporter_otlp_endpoint is not None:
            stack.enter_context(traces.exporting(settings.otel_exporter_otlp_endpoint))
        database = await stack.enter_async_context(open_database(settings, seam))
        storage = await stack.enter_async_context(open_storage(settings, files=files, seam=seam))
        fal = await stack.enter_async_context(
            open_fal(settings, transport=fal_transport, seam=seam)
        )
        identity = await stack.enter_async_context(open_identity(settings))
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
                receiver=await stack.enter_async_context(open_receiver(settings, seam)),
                describe=functools.partial(ending_body, storage=storage),
            )
        )
        stack.callback(stopping.set)
        service = Service(
            settings=settings,
            database=database,
            store=jobs.store,
            accounts=AccountStore(database, signup_grant=settings.credits_signup_grant),
            library=LibraryStore(database, jobs.background),
            job_pages=JobPages(database),
            support=SupportStore(database, signup_grant=settings.credits_signup_grant),
            shares=ShareStore(database),
            erasure_store=ErasureStore(database),
            storage=storage,
            catalogue=catalogue,
            waits=jobs.waits,
            identity=identity,
            readiness=Readiness(database, identity, storage),
            lifecycle=jobs.lifecycle,
            webhooks=jobs.webhooks,
            background=jobs.background,
            subscriptions=jobs.subscriptions,
            stream_places=jobs.stream_places,
            sweep=jobs.sweep,
            deletions=jobs.deletions,
            erasures=jobs.erasures,
            outgoing_events=jobs.outgoing_events,
            stopping=stopping,
            memory=RequestMemory.for_images_of(settings.max_image_bytes),
            signatures=await stack.enter_async_context(
                open_signatures(
                    fal.media,
                    ahead=settings.fal_key is not None and settings.public_url is not None,
                )
            ),
        )
        await warn_if_unavailable(storage)
        yield LifespanState(service=service, stopping=stopping)
