"""Spans of OpenTelemetry: of each request, of each call to the outside, and of each delivery.

Without an exporter, OpenTelemetry's interface does nothing. Names follow its semantic conventions.
No span has an address, a query or the text of an error: these may hold signatures.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    get_tracer,
    set_tracer_provider,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import times
from app.errors import ConfigurationError
from app.telemetry import context
from app.telemetry.metrics import timed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from opentelemetry.sdk.trace import TracerProvider

    from app.telemetry.seam import T

_tracer = get_tracer("video-generation")
_propagator = TraceContextTextMapPropagator()
"""W3C Trace Context alone, as jobs keep it, whatever ``OTEL_PROPAGATORS`` names."""


async def traced(name: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Time an outside call and record it as a span; a :class:`~app.telemetry.seam.Seam`."""
    with _span(name, kind=SpanKind.CLIENT):
        return await timed(name, call)


@contextmanager
def request_span(method: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """Continue the trace that the request's ``traceparent`` names, or begin one."""
    with _span(method, kind=SpanKind.SERVER, parent=_propagator.extract(headers)) as span:
        yield span


@contextmanager
def delivery_span(submitted_in: str | None) -> Iterator[None]:
    """Begin a trace of its own, linked to the one in which the job was submitted minutes ago."""
    carrier = {"traceparent": submitted_in} if submitted_in else {}
    submit = get_current_span(_propagator.extract(carrier, Context())).get_span_context()
    links = [Link(submit)] if submit.is_valid else []
    with _span("deliver", parent=Context(), links=links):
        yield


def current_trace() -> str | None:
    """Return the ``traceparent`` (W3C Trace Context) of the current span, or None."""
    return outgoing_headers().get("traceparent")


def outgoing_headers() -> dict[str, str]:
    """Return the headers by which the next service continues this trace."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers


@contextmanager
def exporting(endpoint: str) -> Iterator[None]:
    """Send spans to an OTLP endpoint over HTTP; the SDK reads the other ``OTEL_…`` variables.

    Raises:
        ConfigurationError: the packages of the extra ``otel`` are not installed, or a variable has
            a value that they refuse.

    """
    try:
        provider = _provider(f"{endpoint.rstrip('/')}/v1/traces")
    except ImportError as error:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs OpenTelemetry: install the extra otel, or unset it"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"A variable OTEL_… cannot be used: {error}") from error
    set_tracer_provider(provider)
    try:
        yield
    finally:  # it would wait for 30 s; what a collector does not take in time is lost
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(times.TRACES_EXPORT)


def _provider(address: str) -> TracerProvider:
    # These are optional packages.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(address, timeout=times.TRACES_EXPORT)
    named = {"service.name": "video-generation", **OTELResourceDetector().detect().attributes}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


@contextmanager
def _span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    links: Sequence[Link] = (),
) -> Iterator[Span]:
    """Begin a span of the current job; an error marks it with the error's type alone."""
    with _tracer.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:  # a cancellation is an outcome too
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            if job := context.job_id.get():
                span.set_attribute("video_job.id", job)
