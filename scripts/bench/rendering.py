"""The CPU time of a render by local fal, and how long it blocks the event loop."""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from PIL import Image

from app.local_fal.camera import move_for
from app.local_fal.renderer import render
from scripts.bench.delivery_client import DeliveryClient
from scripts.bench.figure import Figure, Goal
from scripts.bench.service import make_store
from tests.support.process import started

ROUNDS = 3
SECONDS = 5
INTERVAL = 0.005
"""Seconds between two requests: the resolution of a measured block."""
QUIET = 400
"""The number of requests to the idle service."""


def measure(folder: Path) -> Iterator[Figure]:
    """Measure renders alone for their cost, and in a service for the blocks."""
    costs = [_cost(folder / f"{number}.mp4", f"prompt {number}") for number in range(ROUNDS)]
    yield Figure(
        what=f"local fal renders {SECONDS} s at 720p (noise, the most expensive picture)",
        measured=f"{statistics.median(costs):.2f} s of one core",
        values=costs,
        goal=Goal("≤", 2, "s"),
    )
    make_store(folder)
    with started(folder, "app", LOG_LEVEL="ERROR") as service:
        service.until_ready()
        health = _HealthClient(service.url)
        quiet = [health.request() for _ in range(QUIET)]
        blocks = [_longest(health, DeliveryClient(service.url)) for _ in range(ROUNDS)]
    usual = statistics.median(quiet)
    yield Figure(
        what="longest block of the event loop while local fal renders (/healthz every 5 ms)",
        measured=f"{1000 * (statistics.median(blocks) - usual):.0f} ms",
        beside=f"idle: {1000 * (max(quiet) - usual):.0f} ms at most, median {1000 * usual:.1f}",
        values=[1000 * (block - usual) for block in blocks],
        goal=Goal("≤", 50, "ms"),
    )


def _cost(target: Path, prompt: str) -> float:
    """Return the CPU seconds of one render, with the resizing of its picture."""
    picture = Image.effect_noise((1280, 720), 64).convert("RGB")
    begun = time.process_time()
    render(
        picture,
        target,
        move=move_for(prompt),
        seconds=SECONDS,
        stop=threading.Event(),
        progress=lambda _done, _total: None,
    )
    return time.process_time() - begun


def _longest(health: "_HealthClient", client: DeliveryClient) -> float:
    """Return the longest answer, in seconds, while one video is made and delivered."""
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(client.all_delivered, 1)
        longest = 0.0
        while not made.done():
            longest = max(longest, health.request())
        made.result()
    return longest


class _HealthClient:
    """Requests /healthz over one connection."""

    def __init__(self, url: str) -> None:
        self._line = HTTPConnection(url.removeprefix("http://"))

    def request(self) -> float:
        """Request once, and return the seconds until the answer."""
        time.sleep(INTERVAL)
        begun = time.perf_counter()
        self._line.request("GET", "/healthz")
        self._line.getresponse().read()
        return time.perf_counter() - begun
