"""Snapshots: their contents, their number, and which are removed first."""

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from surrealdb import RecordID

from app.domain.job import Job, Stage
from app.jobs import snapshots
from app.jobs.snapshots import Snapshots
from app.problems import JobNotFound
from tests.support.clock import Clock
from tests.support.job_rows import STORED, job
from tests.support.memory import Tracing
from tests.support.process import MEBIBYTE


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_job_is_watched_for_some_seconds_after_a_poll(clock: Clock) -> None:
    remembered = Snapshots(lambda _: None, clock=clock)
    assert not remembered.is_watched("job")
    remembered.publish(job())
    assert not remembered.is_watched("job")
    remembered.mark_watched("job")
    clock.now += snapshots.WATCHED - 0.001
    assert remembered.is_watched("job")
    assert not remembered.is_watched("other")
    clock.now += 0.001
    assert not remembered.is_watched("job")


async def test_snapshot_is_returned_without_a_refresh(clock: Clock) -> None:
    remembered = Snapshots(lambda _: None, clock=clock)
    assert remembered.known("job") is None
    remembered.mark_watched("job")
    assert remembered.known("job") is None
    remembered.publish(job(2))
    assert remembered.known("job") == job(2)


async def test_change_without_a_new_revision_replaces_the_snapshot(clock: Clock) -> None:
    remembered = Snapshots(lambda _: None, clock=clock)
    for position in (3, 2):
        remembered.publish(replace(job(2), queue_position=position))
    known = remembered.known("job")
    assert known is not None
    assert known.queue_position == 2


async def test_stage_duration_is_measured_until_the_next_stage(
    clock: Clock,
) -> None:
    queued = replace(job(1), fal_model="only-in-this-test")
    remembered = Snapshots(lambda _: None, clock=clock)
    labels = {"stage": Stage.QUEUED, "model": "only-in-this-test"}
    for seconds, revision, stage in (
        (0, 1, Stage.QUEUED),
        (3, 2, Stage.QUEUED),
        (4, 3, Stage.DONE),
    ):
        clock.now += seconds
        remembered.publish(replace(queued, revision=revision, stage=stage))
    name = "video_job_stage_duration_seconds"
    assert REGISTRY.get_sample_value(f"{name}_count", labels) == 1
    assert REGISTRY.get_sample_value(f"{name}_sum", labels) == 7
    assert REGISTRY.get_sample_value(f"{name}_count", labels | {"stage": Stage.DONE}) is None


async def test_number_of_snapshots_is_bounded(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CAPACITY", 10)
    remembered = Snapshots(lambda _: None, clock=clock)
    for number in range(100):
        remembered.publish(replace(job(), id=f"job{number}"))
    assert len(remembered._entries) == 10


@pytest.mark.parametrize(
    ("error", "line"), [("", ""), ("x" * 500, ""), ("legacy " * 5000, ""), ("", "x" * 5000)]
)
def test_bytes_of_snapshots_are_bounded(tracing: Tracing, error: str, line: str) -> None:
    held = tracing.of(remember_many, error, line).held
    assert 0.5 * MEBIBYTE < held < 1.3 * MEBIBYTE


def remember_many(error: str, line: str) -> Snapshots:
    def stored(number: int) -> Job:
        changes: dict[str, Any] = {
            "id": RecordID("video_job", f"job-{number}"),
            "user": f"{number}{'é' * 100}",
        }
        changes["variables"] = {f"{name}-{number}": f"{line}{number}" for name in "abcd"}
        return Job.from_row(STORED | changes | {"error": f"{error}{number}"})

    remembered = Snapshots(lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "CAPACITY_BYTES", MEBIBYTE)
        for number in range(1500):
            remembered.publish(stored(number))
            remembered.publish(stored(number))  # a newer state replaces the older
            remembered.mark_watched(f"guessed-{number}")
    assert remembered.known("job-1499")
    assert remembered._size == sum(entry.size for entry in remembered._entries.values())
    return remembered


async def test_least_recently_polled_job_is_forgotten_first(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CAPACITY", 2)
    remembered = Snapshots(lambda _: None, clock=clock)
    remembered.publish(job(job_id="first"))
    remembered.publish(job(job_id="second"))
    remembered.mark_watched("first")
    remembered.publish(job(job_id="third"))
    known = [name for name in ("first", "second", "third") if remembered.known(name)]
    assert known == ["first", "third"]


async def test_missing_jobs_do_not_displace_existing_ones(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(_job_id: str) -> Job:
        raise JobNotFound("There is no such job.")

    monkeypatch.setattr(snapshots, "CAPACITY", 3)
    remembered = Snapshots(lambda _: None, clock=clock)
    remembered.publish(job())
    for number in range(10):
        with pytest.raises(JobNotFound):
            await remembered.latest(f"guessed-{number}", missing)
    assert remembered.known("job") == job()
