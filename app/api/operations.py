"""The routes for operators: liveness, readiness, metrics."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.service import NO_STORE, LifespanState, service_of


async def healthz(_request: Request[LifespanState]) -> Response:
    """``GET /healthz``: the process runs."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def readyz(request: Request[LifespanState]) -> Response:
    """``GET /readyz``: the database can be written, the storage answers, tokens can be checked."""
    service = service_of(request)
    service.require_open()
    await asyncio.gather(
        service.database.query("RETURN true"),  # a write is tried only once a second
        service.write_probe.check(),
        service.storage.check(),
        service.identity.check(),
    )
    return JSONResponse({"status": "ready"}, headers=NO_STORE)


async def metrics(_request: Request[LifespanState]) -> Response:
    """``GET /metrics``: the counters of this process, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})
