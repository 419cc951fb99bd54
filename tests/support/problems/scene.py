"""A service whose database calls can fail, and one request to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.telemetry.seam import T
from tests.support.problems.requests import BACK_OFFICE, valid_request
from tests.support.service import ORDER, SUBMIT, Running, png, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

PATHS = {
    "submit": SUBMIT,
    "status": f"{SUBMIT}/status",
    "events": f"{SUBMIT}/events",
    "cancel": f"{SUBMIT}/cancel",
    "templates": "/api/templates",
    "library": "/api/library",
    "jobs": "/api/jobs",
    "video": "/api/library/{jobId}",
    "deleteVideo": "/api/library/{jobId}",
    "me": "/api/me",
    "credits": "/api/credits",
    "hear": "/api/webhooks/fal",
    "download": "/api/library/{jobId}/download",
    "share": "/api/library/{jobId}/share",
    "revoke": "/api/library/{jobId}/share",
    "shared": "/v/{token}",
    "sharedVideo": "/v/{token}/video",
    "sharedPoster": "/v/{token}/poster",
    "readyz": "/readyz",
    "media": "/media/users/ada/library/x.mp4",
    "asset": "/assets/latest/none.js",
}
METHODS = {
    **dict.fromkeys(("submit", "cancel", "hear", "share"), "POST"),
    **dict.fromkeys(("revoke", "deleteVideo"), "DELETE"),
}
"""By operation, if it is not GET."""


@dataclass
class FaultySeam:
    """Fails or blocks every call to the database, except for the sweep's query for due jobs."""

    error: Exception | None = None
    hangs: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name.startswith("db.") and not name.endswith("take_due"):
            if self.error is not None:
                raise self.error
            if self.hangs:
                self.reached.set()
                await self.released.wait()
        return await call()


@dataclass
class Scene:
    """A service in which a test provokes a problem of one operation."""

    operation: str
    run: Running
    fal: FalStandIn
    seam: FaultySeam
    monkeypatch: pytest.MonkeyPatch
    job: str = "no-such-job"
    token: str = "no-such-share-token-22"
    headers: dict[str, str] = field(default_factory=bearer)

    async def ask(self, **given: Any) -> httpx.Response:
        """Send a valid request of the operation, changed by ``given``."""
        match self.operation:
            case "submit":
                return await self.submit(**given)
            case "hear":
                return await self.call_back(**given)
            case "changeVideo":
                return await self.change_video(**given)
        if self.operation in BACK_OFFICE:
            method, path, request = valid_request(self.operation, job=self.job)
            return await self.run.client.request(method, path, **(request | given))
        method = METHODS.get(self.operation, "GET")
        request = {"headers": self.headers, "params": {"jobId": self.job}} | given
        path = PATHS[self.operation].format(jobId=self.job, token=self.token)
        return await self.run.client.request(method, path, **request)

    async def submit(
        self,
        image: bytes | None = None,
        *,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        return await self.run.client.post(
            SUBMIT,
            **submission(image or png(), ORDER if data is None else data),
            headers=bearer() | (headers or {}) if headers != {} else {},
        )

    async def change_video(self, **given: Any) -> httpx.Response:
        request: dict[str, Any] = {"headers": self.headers, "json": {"favourite": True}}
        return await self.run.client.patch(f"/api/library/{self.job}", **(request | given))

    async def call_back(
        self, body: bytes = b'{"request_id": "foreign"}', **given: Any
    ) -> httpx.Response:
        request = {
            "headers": self.fal.webhooks.sign("foreign", body),
            "params": {"jobId": self.job},
            "content": body,
        }
        return await self.run.client.post(PATHS["hear"], **(request | given))

    async def completed(self) -> None:
        """Complete a job."""
        self.job = await self.run.submitted()
        self.fal.complete(self.fal.newest, small_video())
        await self.run.finished(self.job)
