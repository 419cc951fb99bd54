"""Spans connect a request, its calls to the outside and the delivery that follows."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import times
from app.api.tracing import TraceMiddleware
from app.errors import ConfigurationError
from app.telemetry import traces
from app.telemetry.traces import exporting
from tests.support.leaks import record_output
from tests.support.process import PATIENCE, Process, forked
from tests.support.service import SUBMIT, png, stand_in_environment, submission
from tests.support.stand_ins.collector import Collector, collecting
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

TRACE = "0af7651916cd43dd8448eb211c80319c"
CLIENT = "b7ad6b7169203331"


@asynccontextmanager
async def traced_service(
    folder: Path, fal: FalStandIn, collector: Collector, **given: str
) -> AsyncIterator[Process]:
    environment = stand_in_environment(fal.port) | given
    environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with forked(folder, "scripts.migrate", **environment) as migrate:
        assert migrate.exit_status() == 0, migrate.stderr
    with forked(folder, "tests.support.serve", **environment) as service:
        await asyncio.to_thread(service.until_ready)
        yield service
        record_output(b"".join(collector.bodies).decode("latin-1"))


def attributes(span: Span) -> dict[str, object]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes
    }


async def test_the_trace_of_a_submit_goes_on_to_fal_and_is_linked_to_the_delivery(
    tmp_path: Path,
) -> None:
    with collecting() as collector:
        async with (
            FalStandIn(video=small_video()) as fal,
            traced_service(tmp_path, fal, collector) as service,
            httpx.AsyncClient(base_url=service.url, headers=bearer(), timeout=PATIENCE) as ann,
        ):
            answer = await ann.post(
                SUBMIT,
                **submission(png()),
                headers={"traceparent": f"00-{TRACE}-{CLIENT}-01"},
            )
            job = answer.json()["jobId"]
            status = f"{SUBMIT}/status?jobId={job}"
            while (await ann.get(status)).json()["status"] != "completed":  # noqa: ASYNC110 polled
                await asyncio.sleep(0.05)
            sent = fal.last("submit").headers["traceparent"]
            assert await asyncio.to_thread(service.stop, signal.SIGTERM) == 0, service.stderr
    (submit,) = collector.named(f"POST {SUBMIT}")
    assert (submit.trace_id.hex(), submit.parent_span_id.hex()) == (TRACE, CLIENT)
    assert attributes(submit) == {
        "http.request.method": "POST",
        "http.response.status_code": 202,
        "http.route": SUBMIT,
        "request.id": answer.headers["X-Request-ID"],
        "video_job.id": job,
    }
    calls = {span.name: span for span in collector.spans if span.trace_id == submit.trace_id}
    assert {"db.video_job::open", "fal.upload", "fal.submit", "db.video_job::queued"} <= set(calls)
    assert sent == f"00-{TRACE}-{calls['fal.submit'].span_id.hex()}-01"
    (deliver,) = collector.named("deliver")
    assert deliver.trace_id != submit.trace_id
    assert not deliver.parent_span_id
    assert attributes(deliver) == {"video_job.id": job}
    assert [link.trace_id for link in deliver.links] == [submit.trace_id]
    delivered = {span.name for span in collector.spans if span.trace_id == deliver.trace_id}
    assert {"media.download", "storage.put", "db.video_job::complete"} <= delivered
    assert b"signature=" not in b"".join(collector.bodies)
    assert collector.services == {"video-generation"}


async def test_each_poll_is_traced_even_if_its_answer_is_known(tmp_path: Path) -> None:
    with collecting() as collector:
        async with (
            FalStandIn() as fal,
            traced_service(tmp_path, fal, collector) as service,
            httpx.AsyncClient(base_url=service.url, headers=bearer(), timeout=PATIENCE) as ann,
        ):
            job = (await ann.post(SUBMIT, **submission(png()))).json()["jobId"]
            polls = [await ann.get(f"{SUBMIT}/status", params={"jobId": job}) for _ in range(5)]
            assert await asyncio.to_thread(service.stop, signal.SIGTERM) == 0, service.stderr
    traced = [attributes(span)["request.id"] for span in collector.named(f"GET {SUBMIT}/status")]
    assert sorted(map(str, traced)) == sorted(poll.headers["X-Request-ID"] for poll in polls)


async def test_an_error_is_named_by_its_type(tmp_path: Path) -> None:
    with collecting() as collector:
        async with FalStandIn() as fal, traced_service(tmp_path, fal, collector) as service:
            async with httpx.AsyncClient(
                base_url=service.url, headers=bearer(), timeout=PATIENCE
            ) as ann:
                unknown = await ann.get(f"{SUBMIT}/status", params={"jobId": "none"})
            assert unknown.status_code == 404
            assert await asyncio.to_thread(service.stop, signal.SIGTERM) == 0
    (get,) = collector.named("db.video_job::get")
    assert attributes(get)["error.type"] == "Thrown"
    (status,) = collector.named(f"GET {SUBMIT}/status")
    assert attributes(status)["http.response.status_code"] == 404
    assert "error.type" not in attributes(status)


async def test_a_fault_is_found_by_its_route_and_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope.update(route=Route("/jobs", fail), request_id="the-request")
        raise ZeroDivisionError

    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(traces, "_tracer", provider.get_tracer("test"))
    transport = httpx.ASGITransport(TraceMiddleware(fail), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        await client.get("/jobs")
    (span,) = spans.get_finished_spans()
    assert span.name == "GET /jobs"
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/jobs",
        "request.id": "the-request",
        "error.type": "ZeroDivisionError",
    }


async def test_a_repeated_submit_names_the_job_that_it_is_answered_with(tmp_path: Path) -> None:
    with collecting() as collector:
        async with (
            FalStandIn() as fal,
            traced_service(tmp_path, fal, collector, OTEL_SERVICE_NAME="staging") as service,
            httpx.AsyncClient(base_url=service.url, headers=bearer(), timeout=PATIENCE) as ann,
        ):
            once = {"Idempotency-Key": "a-click"}
            jobs = [
                (await ann.post(SUBMIT, **submission(png()), headers=once)).json()["jobId"]
                for _ in range(2)
            ]
            assert await asyncio.to_thread(service.stop, signal.SIGTERM) == 0, service.stderr
    assert jobs[0] == jobs[1]
    named = [attributes(span)["video_job.id"] for span in collector.named(f"POST {SUBMIT}")]
    assert named == jobs
    assert collector.services == {"staging"}


async def test_a_collector_that_hangs_holds_nothing_up(tmp_path: Path) -> None:
    with collecting() as collector:
        collector.free.clear()
        async with FalStandIn() as fal, traced_service(tmp_path, fal, collector) as service:
            assert await asyncio.to_thread(collector.asked.wait, PATIENCE)
            async with httpx.AsyncClient(
                base_url=service.url, headers=bearer(), timeout=PATIENCE
            ) as ann:
                assert (await ann.get("/api/credits")).is_success
            assert await asyncio.to_thread(service.stop, signal.SIGTERM) == 0
            assert "hangs while the service stops" not in service.stderr


def test_without_the_packages_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry.sdk")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with pytest.raises(ConfigurationError, match="install the extra otel"), exporting("http://x"):
        pass


def test_the_end_of_the_exporter_is_part_of_the_time_to_stop() -> None:
    assert times.TRACES_EXPORT < times.STOP - times.REQUEST_GRACE - times.DRAIN


def test_a_variable_of_opentelemetry_that_is_refused_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "0")
    with pytest.raises(ConfigurationError, match=r"OTEL_.*max_queue_size"), exporting("http://x"):
        pass


def test_a_propagator_that_is_not_installed_does_not_stop_the_service() -> None:
    subprocess.run(
        [sys.executable, "-c", "import app.main"],
        env=os.environ | {"OTEL_PROPAGATORS": "tracecontext,b3"},
        check=True,
    )
