"""/metrics counts jobs, failures, requests and outside calls."""

import re
from collections.abc import AsyncIterator, Iterable
from unittest import mock

import pytest
from prometheus_client import REGISTRY, Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from app.database.due_jobs import DueJobs
from app.jobs.fetched_videos import FetchedVideos
from app.jobs.lifecycle import Lifecycle
from app.jobs.sweep import Sweep
from app.jobs.troubles import UNKNOWN_TO_FAL
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry import metrics
from tests.support.clock import set_clock_ahead
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NO_VIDEO, Answer
from tests.support.stand_ins.videos import small_video

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"


@pytest.fixture
async def timed(settings: Settings, fal: FalStandIn) -> AsyncIterator[Running]:
    """The service with the seam of production."""
    async with running(settings, fal, seam=metrics.timed) as service:
        yield service


class Scrape(dict[str, float]):
    """The samples of one scrape, by name and labels."""

    @classmethod
    async def of(cls, run: Running) -> "Scrape":
        answer = await run.client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        scrape = cls()
        for family in text_string_to_metric_families(answer.text):
            assert family.documentation, family.name
            for sample in family.samples:
                labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
                scrape[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return scrape

    def since(self, before: "Scrape", name: str) -> float:
        """Return by how much a sample has grown."""
        return self[name] - before.get(name, 0.0)


async def test_a_job_is_counted_from_submit_to_delivery(timed: Running, fal: FalStandIn) -> None:
    before = await Scrape.of(timed)
    job_id = await timed.submitted()
    fal.complete(fal.newest, small_video())
    await timed.finished(job_id)
    now = await Scrape.of(timed)
    for name, growth in {
        f"video_jobs_submitted_total{{model={MODEL}}}": 1,
        f"video_jobs_ended_total{{code=,model={MODEL},status=completed}}": 1,
        f"video_job_stage_duration_seconds_count{{model={MODEL},stage=storing}}": 1,
        f"video_job_stage_duration_seconds_count{{model={MODEL},stage=submitting}}": 1,
        "video_credits_total{kind=hold}": 10,
        "video_credits_total{kind=charge}": 10,
        "video_delivered_bytes_total": len(small_video()),
        "video_deliveries_total{status=completed}": 1,
        "start_images_total{outcome=stored}": 1,
        "outside_call_duration_seconds_count{call=fal.submit,outcome=ok}": 1,
        "outside_call_duration_seconds_count{call=storage.put,outcome=ok}": 3,
        "outside_call_duration_seconds_count{call=db.video_job::complete,outcome=ok}": 1,
        "http_request_duration_seconds_count{method=POST,route=/api/templates/video,status=202}": 1,
    }.items():
        assert now.since(before, name) == growth, name
    assert now["video_deliveries_in_progress"] == 0


async def test_a_call_that_changes_nothing_counts_nothing(timed: Running, fal: FalStandIn) -> None:
    job_id = await timed.submitted()
    fal.complete(fal.newest, small_video())
    await timed.finished(job_id)
    before = await Scrape.of(timed)
    store = timed.service.store
    await store.cancelled(job_id, None)
    await store.fail(job_id, None, "deadline_exceeded", "Too late.")
    await store.postpone(job_id, None, UNKNOWN_TO_FAL)
    await store.unconfirmed(job_id, webhook=True)
    now = await Scrape.of(timed)
    for name in before:
        if name.startswith(("video_credits_total", "video_jobs_", "video_job_retries")):
            assert now.since(before, name) == 0, name


async def test_polls_that_meet_a_scheduled_retry_are_neither_counted_nor_logged(
    timed: Running, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = await timed.submitted()
    before = await Scrape.of(timed)
    fal.faults.add("status", Answer(404), times=None)
    job = await timed.service.store.get(job_id)
    for _ in range(3):
        await timed.service.lifecycle.refresh(job.id)
    now = await Scrape.of(timed)
    assert now.since(before, "video_job_retries_total{trouble=unknown_to_fal}") == 1
    assert caplog.text.count("Tried again later") == 1


async def test_failures_are_counted_by_kind(timed: Running, fal: FalStandIn) -> None:
    before = await Scrape.of(timed)
    fal.faults.add("submit", Answer(422, {"detail": "no"}))
    assert (await timed.submit()).status_code == 502
    await timed.client.post("/api/webhooks/fal?jobId=j", content=b"{}")
    await timed.client.get("/no/such/page")
    await timed.client.request("BREW", "/healthz")
    now = await Scrape.of(timed)
    for name in (
        f"video_jobs_ended_total{{code=fal_rejected,model={MODEL},status=failed}}",
        "outside_call_duration_seconds_count{call=fal.submit,outcome=FalRefused}",
        "fal_callbacks_total{outcome=unauthenticated}",
        "http_request_duration_seconds_count{method=GET,route=other,status=404}",
        "http_request_duration_seconds_count{method=other,route=/healthz,status=405}",
    ):
        assert now.since(before, name) == 1, name
    assert now.since(before, "video_credits_total{kind=release}") == 10


async def test_retries_are_counted_by_trouble(timed: Running, fal: FalStandIn) -> None:
    before = await Scrape.of(timed)
    job_id = await timed.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", NO_VIDEO)
    await timed.status(job_id)
    await timed.wait_for_background()
    now = await Scrape.of(timed)
    assert now.since(before, "video_job_retries_total{trouble=video}") == 1
    assert now.since(before, "video_deliveries_total{status=processing}") == 1
    assert "video_deliveries_total{status=completed}" not in now.keys() - before.keys()


async def test_requested_and_received_callbacks_are_both_exported(
    settings: Settings, fal: FalStandIn
) -> None:
    heard = "fal_callbacks_total{outcome=heard}"
    async with running(
        settings.model_copy(update={"public_url": "http://127.0.0.1"}), fal, seam=metrics.timed
    ) as run:
        before = await Scrape.of(run)
        assert heard in before
        await run.submitted()
        now = await Scrape.of(run)
    assert now.since(before, "fal_callbacks_asked_total") == 1
    assert now.since(before, heard) == 0


async def test_no_callback_is_requested_without_a_public_url(timed: Running) -> None:
    before = await Scrape.of(timed)
    await timed.submitted()
    assert (await Scrape.of(timed)).since(before, "fal_callbacks_asked_total") == 0


async def test_the_time_of_the_last_sweep_does_not_change_while_the_database_is_away() -> None:
    def swept_at() -> float | None:
        return REGISTRY.get_sample_value("sweep_last_look_timestamp_seconds")

    due_jobs = mock.create_autospec(DueJobs, instance=True)
    lifecycle = mock.create_autospec(Lifecycle, instance=True)
    sweep = Sweep(due_jobs, lifecycle, FetchedVideos())
    before = swept_at()
    due_jobs.take_due.side_effect = DatabaseUnavailable
    await sweep.once()
    assert swept_at() == before
    due_jobs.take_due.side_effect = None
    due_jobs.take_due.return_value = []
    await sweep.once()
    assert swept_at() != before


def test_names_follow_the_rules_of_prometheus() -> None:
    """The rules of ``promtool check metrics``, for every metric."""
    families = [family for each in vars(metrics).values() for family in collected(each)]
    assert len(families) > 10
    for family in families:
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", family.name), family.name
        assert family.documentation.endswith("."), family.name
        words = set(family.name.split("_"))
        assert not words & {"counter", "gauge", "histogram", "summary", "total"}, family.name
        assert not words & {"ms", "milliseconds", "minutes", "hours", "kb", "mb"}, family.name
        for sample in family.samples:
            assert not {"le", "quantile"} & sample.labels.keys() or family.type == "histogram"


def collected(metric: object) -> Iterable[Metric]:
    return metric.collect() if isinstance(metric, MetricWrapperBase) else ()


async def test_the_lag_of_the_sweep_is_that_of_the_oldest_due_job(timed: Running) -> None:
    for _ in range(2):
        await timed.submitted()
    before = await Scrape.of(timed)
    await timed.rows("UPDATE video_job SET due_at = time::now() + 10s")
    await set_clock_ahead(timed.service.database, 100)
    await timed.service.sweep.once()
    now = await Scrape.of(timed)
    assert 90 <= now["sweep_lag_seconds"] < 120
    assert now.since(before, "sweep_jobs_total") == 2
    await timed.service.sweep.once()
    assert (await Scrape.of(timed))["sweep_lag_seconds"] == 0


async def test_a_caller_cannot_add_series_with_invented_paths(timed: Running) -> None:
    await timed.client.get("/a")
    before = await Scrape.of(timed)
    for number in range(50):
        await timed.client.get(f"/made/up/{number}")
        await timed.client.get(f"/media/users/{number}.mp4")
        await timed.client.get(f"/assets/{number}/x.js")
    new = (await Scrape.of(timed)).keys() - before.keys()
    assert {name.partition("route=")[2].partition(",")[0] for name in new} <= {
        "/media/{key:path}",
        "/assets/{digest}",
        "",
    }
