"""A fal for tests: its queue, its storage and its media hosts, on a real socket.

::

    async with FalStandIn(video=small_video()) as fal:
        adapter = Fal(key=fal.key, transport=fal.transport, seam=direct)

With ``video``, each status call moves its job one of ``steps`` further. Without it, the test moves
jobs with ``advance``, ``complete`` and ``fail``. As a process of its own::

    python -m tests.support.stand_ins.fal --port 9000 --video file.mp4 --delay 0.05
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
from starlette.responses import JSONResponse, Response

from tests.support.stand_ins.fal_faults import Faults, Late
from tests.support.stand_ins.fal_hosts import BUCKET, CDN, Connections, FalTransport, served
from tests.support.stand_ins.fal_jobs import Job
from tests.support.stand_ins.fal_webhooks import Webhooks, callback_body
from tests.support.stand_ins.fal_wire import CALLS, UPLOAD_GRANT, Answers, Call, wire

STEPS = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED")
Videos = bytes | Callable[[str], bytes]


class FalStandIn:
    """Answers as fal does, records every call, and has the faults of ``fal_faults`` on demand."""

    key = "key-id:key-secret"

    def __init__(
        self,
        *,
        video: Videos | None = None,
        steps: Sequence[str] = STEPS,
        port: int = 0,
    ) -> None:
        self.calls: list[Call] = []
        self.faults = Faults()
        self.webhooks = Webhooks()
        self.requests: dict[str, Job] = {}
        self.uploads: dict[str, bytes] = {}
        self.media: dict[str, bytes] = {}
        self.contacted_hosts: list[str] = []
        """Other hosts than fal's that were requested through ``transport``."""
        self.connections = Connections()
        self._video = video
        self._steps = steps if video is not None else ()
        self._port = port
        self._numbers = count(1)

    async def __aenter__(self) -> Self:
        self._exit = AsyncExitStack()
        app = wire(self._answers(), self)
        self.port = await self._exit.enter_async_context(served(app, self.connections, self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    @property
    def transport(self) -> FalTransport:
        """A new transport for each user, so that one can be closed without the others."""
        transport = FalTransport(self.port, self.contacted_hosts)
        self._exit.push_async_callback(transport.aclose)
        return transport

    @property
    def newest(self) -> str:
        """The id of the latest request."""
        return next(reversed(self.requests))

    def count(self, name: str, request_id: str | None = None) -> int:
        """Return how often ``name`` was called, for all requests or for one."""
        return sum(
            call.name == name and request_id in (None, call.request_id) for call in self.calls
        )

    def last(self, name: str) -> Call:
        return next(call for call in reversed(self.calls) if call.name == name)

    def advance(self, request_id: str, state: str, *, queue_position: int = 0) -> None:
        job = self.requests[request_id]
        job.state, job.queue_position = state, queue_position

    def complete(self, request_id: str, video: bytes | None = None, *, output: Any = None) -> None:
        """Finish a job with ``video``, without one, or with any other ``output``.

        The URL in ``output`` may be on any host; ``media`` holds what fal's own hosts serve.
        """
        if video is not None:
            url = f"https://{CDN}/files/{request_id}/output.mp4"
            self.media[url] = video
            output = {"video": {"url": url, "content_type": "video/mp4", "file_size": len(video)}}
        self.requests[request_id].output = {} if output is None else output
        self.advance(request_id, "COMPLETED")

    def fail(self, request_id: str, status: int = 422, detail: Any = "the model failed") -> None:
        """Finish a job as fal does if its model fails: COMPLETED, and a result with an error."""
        self.requests[request_id].refusal = status, {"detail": detail}
        self.advance(request_id, "COMPLETED")

    def callback(
        self, request_id: str, *, payload_error: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of the callback that fal would post about a job now."""
        body = callback_body(self.requests[request_id], payload_error)
        return self.webhooks.sign(request_id, body), body

    async def call_back(self, client: httpx.AsyncClient, request_id: str) -> httpx.Response:
        """Post the callback to the URL that the submit gave."""
        headers, body = self.callback(request_id)
        url = self.requests[request_id].webhook_url
        assert url is not None, "the submit gave no webhook URL"
        return await client.post(url, content=body, headers=headers)

    def _answers(self) -> Answers:
        return {
            "submit": self._submit,
            "status": self._status,
            "result": self._result,
            "cancel": self._cancel,
            "token": lambda _: JSONResponse(UPLOAD_GRANT),
            "upload": self._upload,
            "initiate": self._initiate,
            "jwks": lambda _: JSONResponse(self.webhooks.key_set()),
            "put": self._put,
            "media": self._media,
            "record": self._record,
        }

    def _submit(self, call: Call) -> Response:
        request_id = f"request-{next(self._numbers)}"
        job = Job(
            request_id,
            call.path["model"],
            json.loads(call.body),
            call.query.get("fal_webhook"),
            iter(self._steps),
        )
        self.requests[request_id] = job
        return JSONResponse(
            {"status": "IN_QUEUE", "queue_position": job.queue_position, **job.urls()}
        )

    def _status(self, call: Call) -> Response:
        job = self._find(call)
        if job is None:
            return _not_found()
        self._step(job)
        return JSONResponse(job.progress(), 200 if job.state == "COMPLETED" else 202)

    def _step(self, job: Job) -> None:
        state = next(job.steps, None)
        if state is None or job.state == "COMPLETED":
            return
        job.state = state
        if state == "COMPLETED":
            video = self._video(job.request_id) if callable(self._video) else self._video
            self.complete(job.request_id, video)

    def _result(self, call: Call) -> Response:
        job = self._find(call)
        if job is None:
            return _not_found()
        if job.state != "COMPLETED":
            return JSONResponse({"detail": "Request is still in progress"}, 400)
        if job.refusal:
            status, body = job.refusal
            return JSONResponse(body, status, {"X-Fal-Retryable": "false"})
        return JSONResponse(job.output)

    def _cancel(self, call: Call) -> Response:
        job = self._find(call)
        if job is None:
            return _not_found()
        match job.state:
            case "IN_QUEUE":
                del self.requests[job.request_id]
                return JSONResponse({"status": "OK"})
            case "COMPLETED":
                return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        job.cancel_requested = True
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    def _upload(self, call: Call) -> Response:
        url = f"https://{CDN}/files/{next(self._numbers)}/{call.headers['x-fal-file-name']}"
        self._keep(url, call.body)
        return JSONResponse({"access_url": url})

    def _initiate(self, call: Call) -> Response:
        name = json.loads(call.body)["file_name"]
        url = f"https://{BUCKET}/falserverless/{next(self._numbers)}/{name}"
        return JSONResponse({"upload_url": f"{url}?signature=secret", "file_url": url})

    def _put(self, call: Call) -> Response:
        self._keep(call.url.partition("?")[0], call.body)
        return Response()

    def _keep(self, url: str, body: bytes) -> None:
        self.uploads[url] = self.media[url] = body

    def _media(self, call: Call) -> Response:
        body = self.media.get(call.url.partition("?")[0])
        if body is None:
            return _not_found()
        return Response(body, media_type="video/mp4")

    def _find(self, call: Call) -> Job | None:
        """Find a job by its owner and app: fal accepts no sub-path here."""
        job = self.requests.get(call.path["request_id"])
        return job if job is not None and job.app == call.path["app"] else None

    def _record(self, _call: Call) -> Response:
        """Report the calls and the jobs to another process."""
        calls = [{"name": call.name, "request_id": call.request_id} for call in self.calls]
        jobs = [
            {"request_id": job.request_id, "state": job.state, "webhook_url": job.webhook_url}
            for job in self.requests.values()
        ]
        return JSONResponse({"calls": calls, "requests": jobs})


def _not_found() -> Response:
    return JSONResponse({"status": "NOT_FOUND", "detail": "Request not found"}, 404)


async def _main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for fal, on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--video", type=Path, help="the video of every job; without it no job completes"
    )
    parser.add_argument(
        "--steps", nargs="+", default=STEPS, help="a job's states, one for each status call"
    )
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that every call takes")
    options = parser.parse_args()
    video = options.video and options.video.read_bytes()
    async with FalStandIn(video=video, steps=options.steps, port=options.port) as fal:
        for name in CALLS if options.delay else ():
            fal.faults.add(name, Late(options.delay), times=None)
        print(  # noqa: T201 - reports to the parent process that it is ready
            f"fal stands in on http://127.0.0.1:{fal.port}, its record at /record", flush=True
        )
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
