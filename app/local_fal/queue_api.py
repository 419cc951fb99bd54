"""fal's queue API: the answers of ``queue.fal.run``.

Source: https://docs.fal.ai/model-apis/model-endpoints/queue
"""

from json import JSONDecodeError
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.local_fal.generation import Generation
from app.local_fal.outcome import Outcome
from app.local_fal.queue import Queue

BASE_URL = "https://queue.fal.run"


class QueueAPI:
    """Submit, status, result and cancel."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def submit(self, request: Request) -> JSONResponse:
        try:
            arguments = await request.json()
        except (JSONDecodeError, UnicodeDecodeError):
            arguments = None
        if not isinstance(arguments, dict):
            return respond(
                Outcome.request_error(400, "bad_request", "The body must be a JSON object.")
            )
        generation = self._queue.submit(request.path_params["model"], arguments)
        return JSONResponse(self._state(generation))

    async def status(self, request: Request) -> JSONResponse:
        generation = self._get(request)
        state = self._state(generation)
        if state["status"] != "IN_QUEUE":
            with_logs = request.query_params.get("logs") in ("1", "true")
            state["logs"] = generation.logs if with_logs else None
        return JSONResponse(state, 202 if generation.outcome is None else 200)

    async def result(self, request: Request) -> JSONResponse:
        generation = self._get(request)
        if generation.outcome is None:
            raise HTTPException(400, "Request is still in progress")
        return respond(generation.outcome)

    async def cancel(self, request: Request) -> JSONResponse:
        generation = self._find(request)
        if generation is None:
            return JSONResponse({"status": "NOT_FOUND"}, 404)
        if generation.outcome is not None:
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        self._queue.cancel(generation)
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    def _find(self, request: Request) -> Generation | None:
        return self._queue.find(request.path_params["app"], request.path_params["request_id"])

    def _get(self, request: Request) -> Generation:
        generation = self._find(request)
        if generation is None:
            raise HTTPException(404, "Request not found")
        return generation

    def _state(self, generation: Generation) -> dict[str, Any]:
        url = f"{BASE_URL}/{generation.app}/requests/{generation.id}"
        state = {
            "request_id": generation.id,
            "response_url": url,
            "status_url": f"{url}/status",
            "cancel_url": f"{url}/cancel",
        }
        if generation.outcome is not None:
            end = {"metrics": generation.metrics, **generation.outcome.error}
            return {"status": "COMPLETED", **state, **end}
        position = self._queue.position(generation)
        if position is None:
            return {"status": "IN_PROGRESS", **state}
        return {"status": "IN_QUEUE", **state, "queue_position": position}


def respond(outcome: Outcome) -> JSONResponse:
    """Answer with ``outcome``."""
    return JSONResponse(outcome.body, outcome.status, outcome.headers)
