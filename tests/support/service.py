"""The whole service in the test's process, with a stand-in for fal on a real socket."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import uvicorn
from PIL import Image
from starlette.types import Receive, Scope, Send

from app.api.service import Service
from app.database.audit import audit
from app.main import create_app
from app.server.protocol import BoundedHttpProtocol
from app.settings import Settings
from app.telemetry.seam import Seam, direct
from tests.support.openapi import documented
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY, SECRET, admin_bearer, bearer

SUBMIT = "/api/templates/video"
TEMPLATE = "night-life-roller"
ORDER = {"templateSlug": TEMPLATE, "variables": {}}
TERMINAL = {"completed", "failed", "cancelled"}
UNLIMITED_SETTINGS = dict.fromkeys(
    ("credits_signup_grant", "max_jobs_in_flight", "submits_per_minute"), 1_000_000
)
"""Settings whose limits no test reaches."""
UNLIMITED_ENVIRONMENT = {name.upper(): str(limit) for name, limit in UNLIMITED_SETTINGS.items()}

DATABASE_PATIENCE = 30.0
"""Seconds for a call to the database of ``run``: other tests keep the machine busy."""
PATIENT_ENVIRONMENT = {"DATABASE_CALL": str(DATABASE_PATIENCE)}
"""The same for ``tests.support.serve``."""


def png(width: int = 64, height: int = 64, colour: str = "navy") -> bytes:
    """Return a PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def submission(image: bytes, order: object = ORDER) -> dict[str, Any]:
    """Return the content of a submit, as keywords for httpx."""
    return {
        "files": {"startImage": ("canvas.png", image, "image/png")},
        "data": {"data": json.dumps(order)},
    }


@dataclass
class Running:
    """A running service, and a client that talks to it as a browser does."""

    service: Service
    client: httpx.AsyncClient

    async def submit(
        self,
        *,
        user: str = "ada",
        image: bytes | None = None,
        template: str = TEMPLATE,
        variables: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Submit a job."""
        order = {"templateSlug": template, "variables": variables or {}}
        return await self.client.post(
            SUBMIT,
            **submission(image or png(), order),
            headers=bearer(user) | (headers or {}),
        )

    async def submitted(self, **given: Any) -> str:
        """Submit a job that must be accepted, and return its id."""
        answer = await self.submit(**given)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["jobId"]
        return job_id

    async def cancel(self, job_id: str, *, user: str = "ada") -> httpx.Response:
        """Cancel a job."""
        return await self.client.post(
            f"{SUBMIT}/cancel", params={"jobId": job_id}, headers=bearer(user)
        )

    async def get(self, path: str, *, user: str = "ada", **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query, headers=bearer(user))

    async def administer(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        """Send a request to the back office, with its key."""
        return await self.client.request(
            method, f"/api/admin/{path}", json=body, headers=admin_bearer()
        )

    async def status(self, job_id: str, *, user: str = "ada") -> dict[str, Any]:
        """Poll once."""
        answer = await self.get(f"{SUBMIT}/status", user=user, jobId=job_id)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def finished(self, job_id: str, *, user: str = "ada", polls: int = 20) -> dict[str, Any]:
        """Poll until the job has ended; wait for the background tasks after each poll."""
        for _ in range(polls):
            job = await self.status(job_id, user=user)
            if job["status"] in TERMINAL:
                return job
            await self.wait_for_background()
        raise AssertionError(f"still {job}")

    async def wait_for_background(self) -> None:
        """Wait for the background tasks, except for submits: their senders wait for those."""
        while tasks := [
            task
            for task in self.service.background.tasks
            if not task.get_name().startswith("hand over")
        ]:
            await asyncio.wait(tasks)

    def lose_storage(self) -> Path:
        """Move the storage's folder away, as if its disk were unmounted; return its new path."""
        folder = self.service.settings.storage_dir
        vars(self.service.storage).pop("_signing_key", None)  # as after a restart
        away = folder.rename(folder.with_name("away"))
        folder.write_text("a disk that is not mounted")
        return away

    async def credits(self, *, user: str = "ada") -> dict[str, Any]:
        return dict((await self.get("/api/credits", user=user)).json())

    async def money(self, *, user: str = "ada") -> tuple[int, int, list[str]]:
        """Return balance, held, and the kinds of the ledger's entries, oldest first."""
        credit = await self.credits(user=user)
        kinds = [entry["kind"] for entry in reversed(credit["entries"])]
        return credit["balance"], credit["held"], kinds

    async def library(self, *, user: str = "ada", **query: Any) -> dict[str, Any]:
        return dict((await self.get("/api/library", user=user, **query)).json())

    async def change(self, job_id: str, *, user: str = "ada", **change: Any) -> httpx.Response:
        """Change a video of the library."""
        return await self.client.patch(f"/api/library/{job_id}", json=change, headers=bearer(user))

    async def audit(self) -> list[str]:
        """Return the broken invariants."""
        found = await audit(self.service.database, self.service.storage, read=True)
        return [str(violation) for violation in found]

    async def rows(self, statement: str, **variables: Any) -> Any:
        """Query the database."""
        return await self.service.database.query(statement, **variables)


def stand_in_environment(fal_port: int) -> dict[str, str]:
    """Return the environment of ``tests.support.serve``: it checks callers, fal can call back."""
    return {
        "ADMIN_API_KEYS": ADMIN_KEY,
        "AUTH_JWT_SECRET": SECRET,
        "FAL_KEY": FalStandIn.key,
        "FAL_PORT": str(fal_port),
        "PUBLIC_URL": "http://127.0.0.1",
    }


@asynccontextmanager
async def running(
    settings: Settings, fal: FalStandIn | None, *, seam: Seam = direct
) -> AsyncIterator[Running]:
    """Run the service; without ``fal`` it uses the one that its settings name."""
    app = create_app(settings, fal_transport=fal.transport if fal else None, seam=seam)
    async with app.router.lifespan_context(app) as state:
        assert state is not None

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state)
            await app(scope, receive, send)

        transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://service",
            event_hooks={"response": [documented]},
        ) as client:
            yield Running(state["service"], client)


@asynccontextmanager
async def over_a_socket(run: Running) -> AsyncIterator[str]:
    """Serve the running service on a real port, for answers that stream; yield its address."""
    transport = run.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    config = uvicorn.Config(
        transport.app, port=0, http=BoundedHttpProtocol, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    with mock.patch.object(server, "capture_signals", nullcontext):
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def settings_for(database: str, storage: Any, **changes: Any) -> Settings:
    """Return the settings of a service that checks tokens and keys, and keeps local files."""
    given: dict[str, Any] = {
        "surreal_url": database,
        "storage_dir": storage,
        "auth_jwt_secret": SECRET,
        "admin_api_keys": ADMIN_KEY,
    }
    return Settings(_env_file=None, **(given | changes))
