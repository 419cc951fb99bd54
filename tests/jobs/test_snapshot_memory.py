"""What is remembered of jobs, for how long, and whose jobs are forgotten first."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from app.domain.job import Job, Stage
from app.errors import JobNotFound
from app.jobs import snapshots
from app.jobs.snapshots import Snapshots
from tests.jobs.test_snapshots import job
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_job_counts_as_watched_for_some_seconds_after_a_question(clock: Clock) -> None:
    watched = Snapshots(lambda _: None, clock=clock)
    assert not watched.is_watched("job")
    watched.publish(job())
    assert not watched.is_watched("job")
    watched.mark_watched("job")
    clock.now += snapshots.WATCHED - 0.001
    assert watched.is_watched("job")
    assert not watched.is_watched("other")
    clock.now += 0.001
    assert not watched.is_watched("job")


async def test_what_is_known_can_be_had_without_asking_anybody(clock: Clock) -> None:
    watched = Snapshots(lambda _: None, clock=clock)
    assert watched.known("job") is None
    watched.mark_watched("job")
    assert watched.known("job") is None
    watched.publish(job(2))
    assert watched.known("job") == job(2)


async def test_change_too_small_for_an_event_of_its_own_is_known_too(clock: Clock) -> None:
    watched = Snapshots(lambda _: None, clock=clock)
    for position in (3, 2):
        watched.publish(replace(job(2), queue_position=position))
    known = watched.known("job")
    assert known is not None
    assert known.queue_position == 2


async def test_time_in_a_stage_is_measured_from_its_first_sight_to_the_next_stages(
    clock: Clock,
) -> None:
    queued = replace(job(1), fal_model="of-this-test-alone")
    watched = Snapshots(lambda _: None, clock=clock)
    labels = {"stage": Stage.QUEUED, "model": "of-this-test-alone"}
    for seconds, revision, stage in (
        (0, 1, Stage.QUEUED),
        (3, 2, Stage.QUEUED),
        (4, 3, Stage.DONE),
    ):
        clock.now += seconds
        watched.publish(replace(queued, revision=revision, stage=stage))
    name = "video_job_stage_duration_seconds"
    assert REGISTRY.get_sample_value(f"{name}_count", labels) == 1
    assert REGISTRY.get_sample_value(f"{name}_sum", labels) == 7
    assert REGISTRY.get_sample_value(f"{name}_count", labels | {"stage": Stage.DONE}) is None


async def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "CAPACITY", 10)
    watched = Snapshots(lambda _: None, clock=clock)
    for number in range(100):
        watched.publish(replace(job(), id=f"job{number}"))
    assert len(watched._entries) == 10


async def test_job_that_nobody_has_asked_for_in_the_longest_time_is_forgotten_first(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CAPACITY", 2)
    watched = Snapshots(lambda _: None, clock=clock)
    watched.publish(job(job_id="first"))
    watched.publish(job(job_id="second"))
    watched.mark_watched("first")
    watched.publish(job(job_id="third"))
    known = [name for name in ("first", "second", "third") if watched.known(name)]
    assert known == ["first", "third"]


async def test_jobs_that_do_not_exist_displace_none_that_does(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(_job_id: str) -> Job:
        raise JobNotFound("There is no such job.")

    monkeypatch.setattr(snapshots, "CAPACITY", 3)
    watched = Snapshots(lambda _: None, clock=clock)
    watched.publish(job())
    for number in range(10):
        with pytest.raises(JobNotFound):
            await watched.latest(f"guessed-{number}", missing)
    assert watched.known("job") == job()
