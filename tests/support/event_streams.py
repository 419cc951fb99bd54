"""Event streams, read as a browser reads them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.process import PATIENCE
from tests.support.service import SUBMIT
from tests.support.tokens import bearer

EVENTS = f"{SUBMIT}/events"


class Stream:
    """An open event stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.lines = answer.aiter_lines()
        self.ids: list[str] = []

    async def event(self) -> dict[str, Any]:
        """Wait for the next event, and return its data."""
        async for line in self.lines:
            if line.startswith("id: "):
                self.ids.append(line.removeprefix("id: "))
            if line.startswith("data: "):
                return dict(json.loads(line.removeprefix("data: ")))
        raise EOFError

    async def until(self, **expected: Any) -> dict[str, Any]:
        """Wait for an event whose job has these values."""
        while True:
            job = await self.event()
            if expected.items() <= job.items():
                return job

    async def rest(self) -> list[str]:
        """Return the lines up to the end of the stream."""
        return [line async for line in self.lines if line]


@asynccontextmanager
async def open_stream(
    address: str, *, user: str = "ada", headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(
            base_url=address, headers=bearer(user) | (headers or {}), timeout=PATIENCE
        ) as browser,
        browser.stream("GET", EVENTS, params=query) as answer,
    ):
        assert answer.status_code == 200
        yield Stream(answer)
