"""The route that fal calls when a job has changed."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import times
from app.api.body import reading_body
from app.api.service import NO_STORE, LifespanState, is_job_id, job_id_of, service_of
from app.fal.messages import Callback, callback_from, parse
from app.fal.signatures import MAX_BODY_BYTES
from app.problems import InvalidJSON, Problem, SubmitUnavailable
from app.telemetry.metrics import CALLBACKS


async def fal_webhook(request: Request[LifespanState]) -> Response:
    """``POST /api/webhooks/fal?jobId=``: verify the webhook and refresh its job."""
    service = service_of(request)
    try:
        signed = service.signatures.read_headers(request.headers)
        async with (
            reading_body(
                request, max_bytes=MAX_BODY_BYTES, memory=service.memory.callbacks
            ) as body,
            asyncio.timeout(times.CALLBACK),
        ):
            await service.signatures.verify(signed, body)
            await service.webhooks.on_webhook(job_id_of(request), _read(body))
    except TimeoutError as error:
        CALLBACKS.labels("overdue").inc()
        raise SubmitUnavailable("The webhook takes too long; call back later.") from error
    except Problem as problem:
        CALLBACKS.labels(problem.code).inc()
        raise
    CALLBACKS.labels("heard").inc()
    return JSONResponse({"status": "heard"}, headers=NO_STORE)


def _read(body: bytearray) -> Callback:
    try:
        callback = callback_from(parse(body))
    except ValueError as error:
        raise InvalidJSON("The callback is not JSON.") from error
    if callback is None or not is_job_id(callback.request_id):
        raise InvalidJSON("The callback names no request_id.")
    return callback
