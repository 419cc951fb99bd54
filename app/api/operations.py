"""The routes for operators: liveness, readiness, metrics."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import times
from app.api.service import NO_STORE, LifespanState, Service, service_of
from app.errors import StorageUnavailable


async def healthz(_request: Request[LifespanState]) -> Response:
    """``GET /healthz``: the process runs."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def readyz(request: Request[LifespanState]) -> Response:
    """``GET /readyz``: the database and the storage answer."""
    service = service_of(request)
    service.require_open()
    await asyncio.gather(service.database.query("RETURN true"), storage_answers(service))
    return JSONResponse({"status": "ready"}, headers=NO_STORE)


async def metrics(_request: Request[LifespanState]) -> Response:
    """``GET /metrics``: the counters of this process, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})


async def storage_answers(service: Service) -> None:
    """Raise StorageUnavailable if the storage cannot be used now."""
    try:
        async with asyncio.timeout(times.STORAGE_CHECK):
            await service.storage.check()
    except TimeoutError as error:
        raise StorageUnavailable("The storage hangs.") from error
