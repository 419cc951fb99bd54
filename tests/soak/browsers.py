"""People who submit, poll and cancel all the time."""

import asyncio
import json
import random
import time
from collections import defaultdict
from http import HTTPStatus
from typing import Any

import httpx
import uuid_utils

from tests.soak.instance import Entrance
from tests.support.service import TEMPLATE, TERMINAL, png
from tests.support.tokens import bearer

USERS = ("ada", "grace hopper", "../linus", "émilie")
IMAGE = png()
PAUSE = 0.6
"""At most so many seconds between two clicks."""
LATEST = 20
"""Jobs that a user still asks for."""
RETRIES = 20
"""How often a submit with a key is repeated until it is answered."""

EXPECTED = {"submit": {202}, "poll": {200}, "cancel": {202, 409}}
"""What may be answered, besides 503 while the database is away."""


class Browsers:
    """What the users do, what they are told, and what they should never have been told."""

    def __init__(self, entrance: Entrance, chance: random.Random) -> None:
        self.accepted: dict[str, str] = {}
        """The users of jobs that were acknowledged."""
        self.ends: dict[str, str] = {}
        """How the jobs ended that somebody saw ending."""
        self.cancelled = 0
        self.unavailable = 0
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.troubles: list[str] = []
        self.closed = asyncio.Event()
        """Set when everybody shall finish and leave."""
        self._entrance = entrance
        self._chance = chance

    async def browse(self) -> None:
        """Let all users go on until they are to leave."""
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
        """Pick one of the user's latest jobs that have not been seen ending."""
        own = [job for job, owner in self.accepted.items() if owner == user]
        open_jobs = [job for job in own[-LATEST:] if job not in self.ends]
        return self._chance.choice(open_jobs) if open_jobs else None

    async def _submit(self, user: str) -> None:
        """Submit something that is told apart from all else; half of them with a key."""
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
        """Ask for an acknowledged job; once it has ended it may not change any more."""
        answer = await self._ask("poll", self.accepted[job_id], "GET", f"/status?jobId={job_id}")
        if answer is None or (status := answer.json()["status"]) not in TERMINAL:
            return
        if self.ends.setdefault(job_id, status) != status:
            self.troubles.append(f"{job_id}: {self.ends[job_id]}, then {status}")

    async def _cancel(self, job_id: str) -> None:
        path = f"/cancel?jobId={job_id}"
        answer = await self._ask("cancel", self.accepted[job_id], "POST", path)
        self.cancelled += answer is not None and answer.status_code == HTTPStatus.ACCEPTED

    async def _ask(
        self, what: str, user: str, method: str, path: str, **content: Any
    ) -> httpx.Response | None:
        """Return the answer, or None where nobody gave one or the database was away."""
        headers = bearer(user) | content.pop("headers", {})
        began = time.monotonic()
        path = f"/api/templates/video{path}"
        answer = await self._entrance.send(method, path, headers=headers, **content)
        if answer is None:
            return None
        self.seconds[what].append(time.monotonic() - began)
        if answer.status_code in EXPECTED[what]:
            return answer
        if is_unavailable(answer):
            self.unavailable += 1
        else:
            self.troubles.append(f"{what}: {answer.status_code} {answer.text}")
        return None


def is_unavailable(answer: httpx.Response) -> bool:
    """Tell the one refusal that a database that is away excuses."""
    return (
        answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        and answer.json()["code"] == "database_unavailable"
        and "retry-after" in answer.headers
    )
