"""Users who submit, poll and cancel all the time."""

import asyncio
import json
import random
import time
from collections import defaultdict
from http import HTTPStatus
from typing import Any

import httpx
import uuid_utils

from tests.soak.instance import LoadBalancer
from tests.support.service import TEMPLATE, TERMINAL, png
from tests.support.tokens import bearer

USERS = ("ada", "grace hopper", "../linus", "émilie")
IMAGE = png()
PAUSE = 0.6
"""The longest time between two clicks, in seconds."""
LATEST = 20
"""How many of its latest jobs a user still polls."""
RETRIES = 20
"""How often a submit with a key is repeated until it is answered."""

EXPECTED = {"submit": {202}, "poll": {200}, "cancel": {202, 409}}
"""The expected answers; 503 ``database_unavailable`` is expected as well."""


class Browsers:
    """Simulates the users, and records what they are answered."""

    def __init__(self, balancer: LoadBalancer, chance: random.Random) -> None:
        self.accepted: dict[str, str] = {}
        """The user of each accepted job."""
        self.ends: dict[str, str] = {}
        """The terminal status of each job that a user has seen end."""
        self.cancelled = 0
        self.unavailable = 0
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.closed = asyncio.Event()
        """Set to let every user finish and stop."""
        self._balancer = balancer
        self._chance = chance

    async def browse(self) -> None:
        """Run all users until ``closed`` is set."""
        await asyncio.gather(*map(self._browse, USERS))

    async def _browse(self, user: str) -> None:
        while not self.closed.is_set():
            await self._submit(user)
            for _ in range(self._chance.randrange(4)):
                await asyncio.sleep(self._chance.uniform(0, PAUSE))
                if job_id := self._some_job(user):
                    await self._poll(job_id)
            if self._chance.random() < 0.15 and (job_id := self._some_job(user)):
                await self._cancel(job_id)

    def _some_job(self, user: str) -> str | None:
        """Pick one of the user's latest jobs whose end no one has seen."""
        own = [job for job, owner in self.accepted.items() if owner == user]
        open_jobs = [job for job in own[-LATEST:] if job not in self.ends]
        return self._chance.choice(open_jobs) if open_jobs else None

    async def _submit(self, user: str) -> None:
        """Submit a job with a unique headline; half of the submits have an idempotency key."""
        marker = str(uuid_utils.uuid7())
        has_key = self._chance.random() < 0.5
        what = {"templateSlug": TEMPLATE, "variables": {"headline": marker}}
        for _ in range(RETRIES if has_key else 1):
            answer = await self._ask(
                "submit",
                user,
                "POST",
                "",
                files={"startImage": ("canvas.png", IMAGE, "image/png")},
                data={"data": json.dumps(what)},
                headers={"Idempotency-Key": marker} if has_key else {},
            )
            if answer is not None:
                self.accepted[answer.json()["jobId"]] = user
                return

    async def _poll(self, job_id: str) -> None:
        """Poll an accepted job. Its status may not change once it is terminal."""
        answer = await self._ask("poll", self.accepted[job_id], "GET", f"/status?jobId={job_id}")
        if answer is None or (status := answer.json()["status"]) not in TERMINAL:
            return
        if self.ends.setdefault(job_id, status) != status:
            self.failures.append(f"{job_id}: {self.ends[job_id]}, then {status}")

    async def _cancel(self, job_id: str) -> None:
        path = f"/cancel?jobId={job_id}"
        answer = await self._ask("cancel", self.accepted[job_id], "POST", path)
        self.cancelled += answer is not None and answer.status_code == HTTPStatus.ACCEPTED

    async def _ask(
        self, what: str, user: str, method: str, path: str, **content: Any
    ) -> httpx.Response | None:
        """Return the answer, or None if there was none or the database was unavailable."""
        headers = bearer(user) | content.pop("headers", {})
        began = time.monotonic()
        path = f"/api/templates/video{path}"
        answer = await self._balancer.send(method, path, headers=headers, **content)
        if answer is None:
            return None
        self.seconds[what].append(time.monotonic() - began)
        if answer.status_code in EXPECTED[what]:
            return answer
        if is_unavailable(answer):
            self.unavailable += 1
        else:
            self.failures.append(f"{what}: {answer.status_code} {answer.text}")
        return None


def is_unavailable(answer: httpx.Response) -> bool:
    """Return whether the answer is the refusal for a database that is unavailable."""
    return (
        answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        and answer.json()["code"] == "database_unavailable"
        and "retry-after" in answer.headers
    )
