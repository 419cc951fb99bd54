"""Helpers of the measurements: a fal, a service on a migrated store, and requests to it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from prometheus_client.parser import text_string_to_metric_families

from tests.support.process import Process, started
from tests.support.service import (
    SUBMIT,
    UNLIMITED_ENVIRONMENT,
    png,
    stand_in_environment,
    submission,
)
from tests.support.sockets import free_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer


def allow_many_files() -> None:
    """Raise the limit of open files of this process and its children to the hard limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def fal_in_thread() -> Iterator[tuple[BlockingPortal, FalStandIn]]:
    """Run a fal in a thread; the caller moves its jobs on."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(FalStandIn()) as fal,
    ):
        yield portal, fal


@contextmanager
def fal_process(folder: Path, *arguments: str) -> Iterator[int]:
    """Run a fal in a process of its own; yield its port."""
    with started(folder, "tests.support.stand_ins.fal", *arguments) as fal:
        fal.until(lambda: "stands in" in fal.stdout)
        yield int(fal.stdout.partition("127.0.0.1:")[2].partition(",")[0])


@contextmanager
def serving(folder: Path, fal_port: int, **settings: str) -> Iterator[Process]:
    """Run the service with tokens checked and the stand-in for fal at ``fal_port``."""
    folder.mkdir()
    make_store(folder)
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    own = {"PORT": port, "PUBLIC_URL": url, "LOG_LEVEL": "WARNING"}
    environment = UNLIMITED_ENVIRONMENT | stand_in_environment(fal_port) | own | settings
    with started(folder, "tests.support.serve", **environment) as process:
        process.url = url
        process.until_ready()
        yield process


def make_store(folder: Path) -> None:
    """Migrate the embedded store of the processes that run in ``folder``."""
    with started(folder, "scripts.migrate") as migration:
        assert migration.exit_status() == 0, migration.stderr


def submit(url: str, *, user: str = "ada") -> str:
    """Submit a job to the service at ``url``, and return its id."""
    answer = httpx.post(url + SUBMIT, **submission(png()), headers=bearer(user))
    job_id: str = answer.raise_for_status().json()["jobId"]
    return job_id


def status_url(url: str, job_id: str) -> str:
    return f"{url}{SUBMIT}/status?jobId={job_id}"


def scrape(url: str, name: str) -> dict[str, float]:
    """Return the samples of a metric by the value of their first label, summed."""
    text = httpx.get(f"{url}/metrics").raise_for_status().text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                label = next(iter(sample.labels.values()), "")
                found[label] = found.get(label, 0.0) + sample.value
    return found
