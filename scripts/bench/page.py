"""A first visit to the page, on two slow lines and with a processor four times as slow."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from scripts.bench.figure import Figure, Goal
from scripts.bench.service import make_store
from tests.browser.chromium import launched
from tests.browser.page_load import DEVTOOLS_SLOW_4G, SLOW_4G, Line, PageLoad
from tests.browser.server import Server
from tests.support.service import UNLIMITED_ENVIRONMENT

ROUNDS = 7
SLOWDOWN = 4
USABLE, PAINT = Goal("≤", 2.5, "s"), Goal("≤", 2.0, "s")
REQUESTS = Goal("≤", 40)


def measure(folder: Path) -> Iterator[Figure]:
    """Visit the page with an empty cache on each line."""
    make_store(folder)
    with (
        Server(folder, "app", LOG_LEVEL="ERROR", **UNLIMITED_ENVIRONMENT) as service,
        launched() as chromium,
    ):
        loads = _visits(chromium, service.url, SLOW_4G)
        yield from _times("Lighthouse's slow 4G, 150 ms", loads, USABLE, PAINT)
        yield Figure(
            what="requests of a first visit before the first click",
            measured=f"{median(load.bytes for load in loads) / 1000:.0f} kB",
            values=[len(load.addresses) for load in loads],
            goal=REQUESTS,
        )
        loads = _visits(chromium, service.url, DEVTOOLS_SLOW_4G)
        yield from _times("Chrome's preset Slow 4G, 562.5 ms a request", loads)


def _visits(chromium: Browser, url: str, line: Line) -> list[PageLoad]:
    return [_visit(chromium, url, line) for _ in range(ROUNDS)]


def _visit(chromium: Browser, url: str, line: Line) -> PageLoad:
    with chromium.new_context() as context:
        return PageLoad(context, url, line=line, slowdown=SLOWDOWN)


def _times(
    line: str, loads: list[PageLoad], usable: Goal | None = None, paint: Goal | None = None
) -> Iterator[Figure]:
    for what, values, goal in (
        ("Animate is enabled", [load.usable / 1000 for load in loads], usable),
        ("largest contentful paint", [load.largest_paint / 1000 for load in loads], paint),
    ):
        yield Figure(
            what=f"{what} ({line}, processor ÷ {SLOWDOWN})",
            measured=f"{median(values):.2f} s",
            values=values,
            goal=goal,
        )
