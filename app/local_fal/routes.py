"""The hosts and paths of fal that local fal serves."""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Host, Route, Router

from app.local_fal.media import Media
from app.local_fal.outcome import Outcome
from app.local_fal.queue import Queue
from app.local_fal.queue_api import QueueAPI, respond
from app.local_fal.storage_api import StorageAPI

logger = logging.getLogger(__name__)


def build(queue: Queue, media: Media) -> Starlette:
    """Return the ASGI app; it chooses fal's host by the ``Host`` header."""
    queue_api, storage_api = QueueAPI(queue), StorageAPI(media)
    queue_routes = [
        Route("/{app:path}/requests/{request_id}/status", queue_api.status),
        Route("/{app:path}/requests/{request_id}/cancel", queue_api.cancel, methods=["PUT"]),
        Route("/{app:path}/requests/{request_id}", queue_api.result),
        Route("/{model:path}", queue_api.submit, methods=["POST"]),
    ]
    rest_routes = [
        Route("/storage/auth/token", storage_api.token, methods=["POST"]),
        Route("/storage/upload/initiate", storage_api.initiate, methods=["POST"]),
    ]
    media_routes = [
        Route("/files/upload", storage_api.upload, methods=["POST"]),
        Route("/files/{name}", storage_api.fill, methods=["PUT"]),
        Route("/files/{name}", storage_api.download),
    ]
    return Starlette(
        routes=[
            Host("queue.fal.run", Router(queue_routes)),
            Host("rest.fal.ai", Router(rest_routes)),
            Host("v3.fal.media", Router(media_routes)),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _break},
    )


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def _break(request: Request, error: Exception) -> JSONResponse:
    logger.error("Local fal failed at %s", request.url.path, exc_info=error)
    return respond(Outcome.request_error(500, "internal_error", "Local fal failed."))
