"""What is counted and timed here, under names by Prometheus' conventions.

Each process counts what it has done itself: sums over all processes are the service's, also of
credits, which one may hold and another charge. Nothing is read from the database for a scrape.
``docs/alerts.yml`` and ``docs/dashboard.json`` are made of these.
"""

import functools
from collections.abc import Awaitable, Callable
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

from app.telemetry.seam import T

REQUESTS = Histogram(
    "http_request_duration_seconds",
    "Until an answer was complete; event streams last for minutes.",
    ["method", "route", "status"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
)
CALLS = Histogram(
    "outside_call_duration_seconds",
    "Calls to fal, its media host, the storage and the database, by what came of them.",
    ["call", "outcome"],
    buckets=(0.002, 0.01, 0.05, 0.2, 1, 5, 30, 300),
)
SUBMITTED = Counter("video_jobs_submitted", "Jobs that were opened.", ["model"])
ENDED = Counter("video_jobs_ended", "Jobs that came to their end.", ["status", "code", "model"])
STAGES = Histogram(
    "video_job_stage_duration_seconds",
    "For which a job was seen in a stage.",
    ["stage", "model"],
    buckets=(0.1, 0.5, 2, 5, 15, 30, 60, 120, 300, 900, 3600),
)
RETRIES = Counter("video_job_retries", "Jobs put off by a trouble that may pass.", ["trouble"])
DELIVERING = Gauge("video_deliveries_in_progress", "Videos on their way from fal to the storage.")
DELIVERIES = Counter(
    "video_deliveries", "By the job's status; one still processing is tried again.", ["status"]
)
DELIVERED_BYTES = Counter("video_delivered_bytes", "Bytes of videos that were stored.")
CREDITS = Counter("video_credits", "Credits held, released and charged.", ["kind"])
CALLBACKS_ASKED = Counter("fal_callbacks_asked", "Submits that told fal where to call back.")
CALLBACKS = Counter("fal_callbacks", "fal's webhook, by how it was answered.", ["outcome"])
CALLBACKS.labels("heard")  # none at all shall be 0 and not unknown: an alert compares it
SWEPT = Counter("sweep_jobs", "Jobs that nobody had looked at in time.")
SWEEP_LAG = Gauge("sweep_lag_seconds", "By which the oldest job was overdue at the last look.")
SWEPT_AT = Gauge("sweep_last_look_timestamp_seconds", "When what is due was last known, Unix time.")
CONFLICTS = Counter("database_conflicts", "Transactions that lost a race and were tried again.")
CONNECTIONS = Counter(
    "database_connections_opened", "Every one after a process's first replaced a lost one."
)
TASK_FAILURES = Counter(
    "supervised_task_failures",
    "Rounds of a loop of this process that raised; the loop goes on.",
    ["task"],
)
STREAMS = Gauge("event_streams_open", "Event streams that are open.")

request_timer = functools.cache(REQUESTS.labels)
"""Finds its timer without a lock and a list of texts: every poll asks for the same one."""
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""By their names; a caller may make up others."""


async def timed(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Time an outside call: the :class:`~app.telemetry.seam.Seam` that the service runs with."""
    began, outcome = perf_counter(), "ok"
    try:
        return await call()
    except BaseException as error:  # a cancellation is an outcome as well; raised on, like all
        outcome = type(error).__name__
        raise
    finally:
        CALLS.labels(name, outcome).observe(perf_counter() - began)
