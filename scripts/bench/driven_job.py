"""One job, with the user's side and fal's side of it."""

import asyncio

import httpx

from tests.support.service import SUBMIT, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

BUSY_SECONDS = 0.1
"""Seconds between two polls: a busy service may answer from its snapshot."""


class DrivenJob:
    """Submits a job to the service and moves it on at the stand-in for fal."""

    def __init__(self, client: httpx.AsyncClient, fal: FalStandIn, user: str, image: bytes) -> None:
        self.headers = bearer(user)
        self._client = client
        self._fal = fal
        self._image = image

    async def submit(self) -> None:
        """Submit the job and look up its request at fal."""
        answer = await self._client.post(SUBMIT, **submission(self._image), headers=self.headers)
        self.job_id: str = answer.raise_for_status().json()["jobId"]
        self._request_id = next(
            request.request_id
            for request in reversed(self._fal.requests.values())
            if (request.webhook_url or "").endswith(self.job_id)
        )

    async def poll_until_running(self) -> None:
        """Start the job at fal and poll until the service says so."""
        self._fal.advance(self._request_id, "IN_PROGRESS")
        while await self._status() != "processing":  # noqa: ASYNC110 the change happens in another process
            await asyncio.sleep(BUSY_SECONDS)

    async def _status(self) -> str:
        answer = await self._client.get(
            f"{SUBMIT}/status", params={"jobId": self.job_id}, headers=self.headers
        )
        return str(answer.raise_for_status().json()["status"])

    async def complete(self, video: bytes) -> None:
        """Complete the job at fal and send the callback."""
        self._fal.complete(self._request_id, video)
        (await self._fal.call_back(self._client, self._request_id)).raise_for_status()
