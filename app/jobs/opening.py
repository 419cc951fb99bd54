"""Builds the parts of this room and runs their loops."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app import times
from app.database.client import Database
from app.database.deletion_store import DeletionStore
from app.database.due_jobs import DueJobs
from app.database.erasure_store import ErasureStore
from app.database.job_store import JobStore
from app.database.limits import Limits
from app.database.outgoing_event_store import OutgoingEventStore
from app.database.recent_waits import load_waits
from app.database.stream_places import StreamPlaces
from app.domain.job import Job
from app.events.receiver import Receiver
from app.fal.queue import Fal
from app.jobs.cancellations import Cancellations
from app.jobs.deletions import Deletions
from app.jobs.delivery import Delivery, Fetch
from app.jobs.erasures import Erasures
from app.jobs.fetched_videos import FetchedVideos
from app.jobs.handover import Handover
from app.jobs.kept_start_images import KeptStartImages
from app.jobs.lifecycle import Lifecycle
from app.jobs.live_updates import LiveUpdates
from app.jobs.outgoing_events import Describe, OutgoingEvents, forget_events
from app.jobs.shared_places import SharedPlaces
from app.jobs.snapshots import Snapshots
from app.jobs.subscriptions import Subscriptions
from app.jobs.sweep import Sweep
from app.jobs.unfinished import UnfinishedGauges
from app.jobs.waits import Waits
from app.jobs.webhooks import Webhooks
from app.media.downloads import download
from app.media.hosts import MediaHosts
from app.server.scratch import scratch
from app.server.tasks import BackgroundTasks, supervised
from app.settings import Settings
from app.storage.protocol import Storage
from app.telemetry.seam import Seam
from app.templates.catalogue import Catalogue

DOWNLOAD_SECONDS = 900.0
"""The time limit for the download of one video of any size."""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The parts of this room that the routes use."""

    store: JobStore
    lifecycle: Lifecycle
    webhooks: Webhooks
    background: BackgroundTasks
    waits: Waits
    subscriptions: Subscriptions
    stream_places: SharedPlaces
    sweep: Sweep
    deletions: Deletions
    erasures: Erasures
    outgoing_events: OutgoingEvents | None
    """None without ``EVENTS_URL``."""


@asynccontextmanager
async def open_jobs(
    settings: Settings,
    *,
    database: Database,
    fal: Fal,
    storage: Storage,
    catalogue: Catalogue,
    stopping: asyncio.Event,
    seam: Seam,
    receiver: Receiver | None,
    describe: Describe,
) -> AsyncIterator[Jobs]:
    """Start the sweep and the work behind the event streams; drain the deliveries at the end.

    ``receiver`` is told how each job ends, in the words of ``describe``.

    Raises:
        OSError: the disk has no room for a scratch folder.
        DatabaseUnavailable: it is not known whether endings will be recorded for the receiver.

    """
    subscriptions = Subscriptions(max_per_user=settings.max_streams_per_user)
    snapshots = Snapshots(subscriptions.publish)
    fetched = FetchedVideos()
    hosts = MediaHosts(settings.fal_media_hosts)
    limits = Limits.from_settings(settings)
    store = _store(database, limits, snapshots.publish, fetched.on_change)
    background = BackgroundTasks()
    async with AsyncExitStack() as stack:
        cancellations = Cancellations(store, fal)
        handover = Handover(
            store,
            fal,
            background,
            cancellations=cancellations,
            stopping=stopping,
            public_url=settings.public_url,
            timeout=settings.submit_timeout,
        )
        folder = stack.enter_context(scratch())
        start_images = KeptStartImages(
            store,
            storage,
            background,
            scratch=folder,
            max_image_bytes=settings.max_image_bytes,
            enabled=settings.keep_start_images,
        )
        delivery = Delivery(
            store=store,
            fal=fal,
            fetch=_fetch(settings, fal, hosts, seam),
            storage=storage,
            scratch=folder,
            catalogue=catalogue,
            fetched=fetched,
        )
        lifecycle = Lifecycle(
            store,
            fal,
            handover,
            delivery,
            snapshots,
            cancellations=cancellations,
            start_images=start_images,
            background=background,
        )
        stack.push_async_callback(background.drain, times.DRAIN)
        sweep = Sweep(DueJobs(database, limits), lifecycle, fetched)
        places = SharedPlaces(StreamPlaces(database, settings.max_streams_per_user), background)
        updates = LiveUpdates(subscriptions, store.under_way, lifecycle.latest)
        deletions = Deletions(DeletionStore(database), storage)
        erasures = Erasures(ErasureStore(database), store, lifecycle)
        await _run_loops(stack, sweep, updates, places, UnfinishedGauges(database))
        await stack.enter_async_context(supervised(deletions.task, deletions.run))
        await stack.enter_async_context(supervised(erasures.task, erasures.run))
        events = OutgoingEventStore(database)
        outgoing = OutgoingEvents(events, store, receiver, describe) if receiver else None
        await _tell_events(stack, events, outgoing)
        await stack.enter_async_context(subscriptions.ended_by(stopping))
        yield Jobs(
            store=store,
            lifecycle=lifecycle,
            webhooks=Webhooks(store, fal, lifecycle, snapshots, background, hosts=hosts),
            background=background,
            waits=Waits(functools.partial(load_waits, database), background),
            subscriptions=subscriptions,
            stream_places=places,
            sweep=sweep,
            deletions=deletions,
            erasures=erasures,
            outgoing_events=outgoing,
        )


def _store(database: Database, limits: Limits, *listeners: Callable[[Job], None]) -> JobStore:
    """Return the store; each listener receives every change."""

    def publish(job: Job) -> None:
        for listener in listeners:
            listener(job)

    return JobStore(database, limits, publish=publish)


async def _run_loops(
    stack: AsyncExitStack,
    sweep: Sweep,
    updates: LiveUpdates,
    places: SharedPlaces,
    unfinished: UnfinishedGauges,
) -> None:
    """Run the loops until the stack is closed."""
    for name, loop in (
        (sweep.task, sweep.run),
        ("welcome streams", updates.welcome),
        ("refresh streams", updates.refresh),
        ("renew stream places", places.renew),
        ("measure unfinished jobs", unfinished.run),
    ):
        await stack.enter_async_context(supervised(name, loop))


async def _tell_events(
    stack: AsyncExitStack, events: OutgoingEventStore, outgoing: OutgoingEvents | None
) -> None:
    """Tell events until the stack is closed; without a receiver, delete those that are left."""
    if outgoing is None:
        loop = supervised("forget events", functools.partial(forget_events, events))
    else:
        await events.want()  # before the first job can end
        loop = supervised(outgoing.task, outgoing.run)
    await stack.enter_async_context(loop)


def _fetch(settings: Settings, fal: Fal, hosts: MediaHosts, seam: Seam) -> Fetch:
    return functools.partial(
        download,
        fal.media,
        hosts=hosts,
        max_bytes=settings.max_video_bytes,
        timeout=DOWNLOAD_SECONDS,
        seam=seam,
    )
