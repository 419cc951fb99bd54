"""The metrics of this process, for Prometheus.

Each process counts only its own work, so a query has to sum over all processes; a gauge that says
"of all processes" is the same in each of them. A scrape reads nothing from the database.
``docs/alerts.yml`` and ``docs/dashboard.json`` use these metrics.
"""

import functools
from collections.abc import Awaitable, Callable
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

from app.telemetry.build import VERSION, release
from app.telemetry.seam import T

REQUESTS = Histogram(
    "http_request_duration_seconds",
    "Time until the answer to a request was complete. Event streams last for minutes.",
    ["method", "route", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
CALLS = Histogram(
    "outside_call_duration_seconds",
    "Duration of calls to fal, its media hosts, the storage, the database and EVENTS_URL.",
    ["call", "outcome"],
    buckets=(0.002, 0.01, 0.05, 0.2, 1, 5, 30, 300),
)
SUBMITTED = Counter("video_jobs_submitted", "Jobs that were opened.", ["model"])
ENDED = Counter(
    "video_jobs_ended",
    "Jobs that ended, by their final status and error code.",
    ["status", "code", "model"],
)
STAGES = Histogram(
    "video_job_stage_duration_seconds",
    "Time that a job spent in a stage, as this process saw it.",
    ["stage", "model"],
    buckets=(0.1, 0.5, 2, 5, 15, 30, 60, 120, 300, 900, 3600),
)
RETRIES = Counter(
    "video_job_retries", "Temporary failures after which a job was postponed.", ["trouble"]
)
DELIVERING = Gauge("video_deliveries_in_progress", "Videos being copied from fal to the storage.")
DELIVERIES = Counter(
    "video_deliveries",
    "Deliveries by the job's status afterwards. Those with processing are repeated.",
    ["status"],
)
DELIVERED_BYTES = Counter("video_delivered_bytes", "Bytes of stored videos.")
CREDITS = Counter("video_credits", "Credits by kind of ledger entry.", ["kind"])
START_IMAGES = Counter(
    "start_images", "Start images that were to be kept, by whether they are stored.", ["outcome"]
)
for _outcome in ("stored", "lost"):
    START_IMAGES.labels(_outcome)  # exports 0 before the first one
CALLBACKS_ASKED = Counter("fal_callbacks_asked", "Submits that gave fal a webhook address.")
CALLBACKS = Counter("fal_callbacks", "Calls of the webhook by outcome.", ["outcome"])
CALLBACKS.labels("heard")  # exports 0 before the first one: an alert compares it
OPERATOR_REFUSALS = Counter(
    "fal_operator_refusals",
    "Calls that fal refused because of this service's key or account.",
    ["call", "status"],
)
SWEPT = Counter("sweep_jobs", "Due jobs that the sweep processed.")
SWEEP_LAG = Gauge(
    "sweep_lag_seconds", "Seconds by which the oldest job was overdue at the last sweep."
)
SWEPT_AT = Gauge(
    "sweep_last_look_timestamp_seconds", "Unix time of the last sweep that reached the database."
)
DELETIONS = Counter(
    "video_deletions",
    "Deletions of a video's objects by outcome. Those that failed are repeated.",
    ["outcome"],
)
for outcome in ("done", "failed"):
    DELETIONS.labels(outcome)  # exports 0 before the first one: an alert compares it
DELETIONS_WAITING = Gauge(
    "video_deletions_waiting", "Deleted videos whose objects are not gone, at most 1,000."
)
DELETION_AGE = Gauge(
    "video_deletion_age_seconds", "Time since the oldest of these videos was deleted."
)
ERASURE_AGE = Gauge(
    "user_erasure_age_seconds", "Time since the oldest unfinished erasure was asked for."
)
CONFLICTS = Counter("database_conflicts", "Transactions that were repeated after a conflict.")
CONNECTIONS = Counter(
    "database_connections_opened", "Connections opened. Each after the first replaces a lost one."
)
TASK_FAILURES = Counter(
    "supervised_task_failures",
    "Faults of a task that runs for ever: rounds that failed, and rows that one could not process.",
    ["task"],
)
EVENTS = Counter(
    "outgoing_events",
    "Attempts to tell EVENTS_URL that a job has ended, by outcome. given_up: not told in 3 days.",
    ["outcome"],
)
EVENTS.labels("given_up")  # exports 0 before the first one: an alert watches it
EVENTS_OLDEST = Gauge(
    "outgoing_events_oldest_seconds", "Age of the oldest event that EVENTS_URL has not taken."
)
UNFINISHED = Gauge(
    "video_jobs_unfinished", "Unfinished jobs of all processes, by their stage.", ["stage"]
)
OLDEST = Gauge(
    "video_jobs_oldest_seconds",
    "Seconds since the submit of the oldest unfinished job in a stage, of all processes.",
    ["stage"],
)
UNCONFIRMED = Gauge(
    "video_jobs_unconfirmed",
    "Jobs of all processes whose answer from fal was lost: they wait for fal's webhook.",
)
WAITING_DELIVERIES = Gauge(
    "video_deliveries_waiting",
    "Finished videos that nobody is storing, because their delivery failed and is tried again.",
)
BUILD = Gauge("build_info", "1 for the version and the release that run.", ["version", "release"])
BUILD.labels(VERSION, release()).set(1)
STREAMS = Gauge("event_streams_open", "Open event streams.")
DEPENDENCY_UP = Gauge(
    "dependency_up", "1 if it answered when it was last called, else 0.", ["dependency"]
)

request_timer = functools.cache(REQUESTS.labels)
"""Caches each timer: ``labels`` takes a lock, and most requests are polls of one route."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""The methods that are a label's value. A caller can invent others, which count as ``other``."""


async def timed(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Time an outside call. This is the :class:`~app.telemetry.seam.Seam` in production."""
    began, outcome = perf_counter(), "ok"
    try:
        return await call()
    except BaseException as error:  # a cancellation is an outcome too
        outcome = type(error).__name__
        raise
    finally:
        CALLS.labels(name, outcome).observe(perf_counter() - began)
