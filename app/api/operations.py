"""The routes for operators: liveness, readiness, metrics."""

import asyncio
from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.service import NO_STORE, LifespanState, service_of
from app.errors import StorageUnavailable
from app.storage.protocol import Storage
from app.telemetry import dependencies


async def healthz(_request: Request[LifespanState]) -> Response:
    """``GET /healthz``: the process runs."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def readyz(request: Request[LifespanState]) -> Response:
    """``GET /readyz``: the database can be written, tokens can be checked, no stop is under way.

    What all instances share, such as the storage, is only reported if it is away.
    """
    service = service_of(request)
    service.require_open()
    await asyncio.gather(
        service.database.query("RETURN true"),  # a write is tried only once a second
        service.write_probe.check(),
        service.identity.check(),
        _look_for(service.storage),
    )
    body = {"status": "ready", "dependencies": dependencies.states()}
    return JSONResponse(body, headers=NO_STORE)


async def _look_for(storage: Storage) -> None:
    with suppress(StorageUnavailable):  # the storage has recorded it
        await storage.check()


async def metrics(_request: Request[LifespanState]) -> Response:
    """``GET /metrics``: the counters of this process, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})
