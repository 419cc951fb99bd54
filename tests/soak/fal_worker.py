"""Moves the stand-in's requests on at random, as fal would, and sends the callbacks."""

import asyncio
import random
import struct
from itertools import count
from urllib.parse import urlsplit

import httpx

from tests.soak.instance import LoadBalancer
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_jobs import Job
from tests.support.stand_ins.videos import small_video

VIDEO = small_video()
TICK = 0.05
"""Seconds between two passes over all requests."""
STEP = 0.08
"""Probability that a request moves on in one tick."""
REFUSED = 0.05
"""Probability that a request fails."""
SILENT = 0.2
"""Probability that a callback is not sent."""
REPEATED = 0.2
"""Probability that a callback is sent twice."""
CLIENT_CANCELLED = 499
ASKED_AGAIN = {httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE}
"""Answers to a callback after which it is sent again: the service could not process it."""


def video_of(request_id: str) -> bytes:
    """Return a video that is unique to the request: a ``free`` box at its end holds the id."""
    name = request_id.encode()
    return VIDEO + struct.pack(">I4s", 8 + len(name), b"free") + name


class FalWorker:
    """Ends the stand-in's requests, and sends the callbacks to the service."""

    def __init__(self, fal: FalStandIn, balancer: LoadBalancer, chance: random.Random) -> None:
        self.acknowledged: set[str] = set()
        """Requests whose callback the service has answered with success."""
        self.failures: list[str] = []
        self._fal = fal
        self._balancer = balancer
        self._chance = chance
        self._ended: set[str] = set()

    async def work(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as callbacks:
            while True:
                await asyncio.sleep(TICK)
                for request_id in self._fal.requests.keys() - self._ended:
                    if self._chance.random() < STEP and self._moves_on(request_id):
                        self._ended.add(request_id)
                        for _ in range(self._callbacks()):
                            callbacks.create_task(self._call_back(request_id))

    async def finished(self) -> None:
        """Wait until every request has ended."""
        while self._fal.requests.keys() - self._ended:  # noqa: ASYNC110 fal has no such event
            await asyncio.sleep(TICK)

    def _moves_on(self, request_id: str) -> bool:
        """Take a request one step further; return True if it has ended."""
        job = self._fal.requests[request_id]
        if job.state == "IN_QUEUE":
            self._fal.advance(request_id, "IN_PROGRESS")
            return False
        self._end(job)
        return True

    def _end(self, job: Job) -> None:
        if job.cancel_requested and self._chance.random() < 0.5:
            self._fal.fail(job.request_id, CLIENT_CANCELLED, "Request was cancelled")
        elif self._chance.random() < REFUSED:
            self._fal.fail(job.request_id)
        else:
            self._fal.complete(job.request_id, video_of(job.request_id))

    def _callbacks(self) -> int:
        if self._chance.random() < SILENT:
            return 0
        return 2 if self._chance.random() < REPEATED else 1

    async def _call_back(self, request_id: str) -> None:
        """Send the callback until an instance accepts it."""
        url = urlsplit(self._fal.requests[request_id].webhook_url or "")
        for attempt in count(1):
            headers, body = self._fal.callback(request_id)
            answer = await self._balancer.send(
                "POST", f"{url.path}?{url.query}", content=body, headers=headers
            )
            if answer is not None and answer.is_success:
                self.acknowledged.add(request_id)
                return
            if answer is not None and answer.status_code not in ASKED_AGAIN:
                self.failures.append(f"callback: {answer.status_code} {answer.text}")
                return
            await asyncio.sleep(min(2.0, 0.2 * attempt))
