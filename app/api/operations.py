"""What the service's operators ask: does it live, can it serve, what has it done."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import times
from app.api.service import LifespanState, Service
from app.errors import StorageUnavailable

NO_STORE = {"Cache-Control": "no-store"}


async def healthz(_request: Request[LifespanState]) -> Response:
    """``GET /healthz``: the process lives."""
    return JSONResponse({"status": "ok"}, headers=NO_STORE)


async def readyz(request: Request[LifespanState]) -> Response:
    """``GET /readyz``: database and storage answer."""
    service = request.state["service"]
    service.require_open()
    await asyncio.gather(service.database.query("RETURN true"), storage_answers(service))
    return JSONResponse({"status": "ready"}, headers=NO_STORE)


async def metrics(_request: Request[LifespanState]) -> Response:
    """``GET /metrics``: what this process has counted, for Prometheus."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})


async def storage_answers(service: Service) -> None:
    """Pass where the storage can be read, else raise StorageUnavailable before long."""
    try:
        async with asyncio.timeout(times.STORAGE_CHECK):
            await service.storage.check()
    except TimeoutError as error:
        raise StorageUnavailable("The storage hangs.") from error
