"""A client that submits jobs and follows their deliveries by event stream."""

import json
import time
from collections.abc import Iterator

import httpx

from scripts.artwork.canvas import draw
from tests.support.service import SUBMIT, submission

PATIENCE = 120.0
"""Seconds between two events; those of a job that is being stored are minutes apart."""


class DeliveryClient:
    """Submits jobs to a service that checks no tokens."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._canvas = draw()

    def delivered(self) -> float:
        """Submit one job and return the seconds that its delivery took."""
        with self._client() as client:
            begun = None
            for job in _events(client, {"jobId": self._submit(client)}):
                if job["stage"] == "storing":
                    begun = begun or time.perf_counter()
            assert job["status"] == "completed", job
            assert begun is not None, "the stream has shown no delivery"
            return time.perf_counter() - begun

    def all_delivered(self, count: int) -> None:
        """Submit ``count`` jobs at once and wait for all videos."""
        with self._client() as client:
            waiting = {self._submit(client) for _ in range(count)}
            for job in _events(client, {}):
                assert job["status"] != "failed", job
                if job["status"] == "completed":
                    waiting.discard(job["jobId"])  # the stream may begin with older jobs
                if not waiting:
                    return
        raise AssertionError(f"The stream ended before these jobs were delivered: {waiting}")

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, timeout=PATIENCE)

    def _submit(self, client: httpx.Client) -> str:
        answer = client.post(SUBMIT, **submission(self._canvas))
        answer.raise_for_status()
        return str(answer.json()["jobId"])


def _events(client: httpx.Client, which: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield a job at each of its changes."""
    with client.stream("GET", f"{SUBMIT}/events", params=which) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))
