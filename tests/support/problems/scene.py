"""A service whose database calls can fail, and one request to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.telemetry.seam import T
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
    "deleteVideo": "/api/library/no-such-job",
    "eraseUser": "/api/admin/users/ada",
    "me": "/api/me",
    "credits": "/api/credits",
    "hear": "/api/webhooks/fal",
    "readyz": "/readyz",
    "media": "/media/users/ada/library/x.mp4",
    "asset": "/assets/latest/none.js",
}
METHODS = {
    **dict.fromkeys(("submit", "cancel", "hear"), "POST"),
    **dict.fromkeys(("deleteVideo", "eraseUser"), "DELETE"),
}
OF_ADMINS = {"eraseUser"}
ADMIN_KEY = "a-key-of-the-back-office-for-tests"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}


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
    headers: dict[str, str] = field(default_factory=bearer)

    async def ask(self, **given: Any) -> httpx.Response:
        """Send a valid request of the operation, changed by ``given``."""
        match self.operation:
            case "submit":
                return await self.submit(**given)
            case "hear":
                return await self.call_back(**given)
        method = METHODS.get(self.operation, "GET")
        headers = ADMIN if self.operation in OF_ADMINS else self.headers
        request = {"headers": headers, "params": {"jobId": self.job}} | given
        return await self.run.client.request(method, PATHS[self.operation], **request)

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
