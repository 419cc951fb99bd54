"""A submit, from request to 202, compared with fal-client's own upload and submit.

Both use a fal that takes 50 ms for every call. In addition the service checks the image, holds the
credits and writes three transactions. On a quiet service, its lines to fal are closed; there a
submit is measured from the last byte of its canvas.
"""

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

from anyio.from_thread import start_blocking_portal
from httpx import URL, Request

from scripts.bench.figure import Figure, Goal
from scripts.bench.rounds import alternate
from scripts.bench.service import fal_process, serving
from scripts.bench.slow_lines import HANDSHAKE, slow_lines
from scripts.bench.start_image import start_image
from tests.support.process import started
from tests.support.service import SUBMIT, submission
from tests.support.tokens import bearer

ACCEPTED = 202
ROUNDS = 5
WARM_UP, SUBMITS = 3, 25
FAL_SECONDS = "0.05"
QUIET_ROUNDS = 7
QUIET = 3.6
"""Seconds after which the service and fal-client have closed their lines."""
CANVAS_SECONDS, CANVAS_PIECES = 0.2, 10
"""How long a browser sends its canvas, and in how many pieces."""


def measure(folder: Path) -> Iterator[Figure]:
    """Measure both, one submit after the other."""
    image = folder / "canvas.png"
    image.write_bytes(start_image())
    with (
        fal_process(folder, "--delay", FAL_SECONDS) as port,
        serving(folder / "ours", port) as service,
    ):
        rounds = alternate(
            ROUNDS,
            lambda: _median(_accepted(timed_submits(service.url, image.read_bytes()))),
            lambda: _median(_alone(folder, port, image)),
        )
    size = image.stat().st_size // 1000
    yield Figure(
        what=f"a submit, p50 (canvas of {size} KB, fal takes 50 ms a call)",
        measured=f"{rounds.median * 1000:.0f} ms",
        beside=f"fal-client alone: {rounds.baseline_median * 1000:.0f} ms",
        values=rounds.ratios,
        goal=Goal("≤", 1.0),
    )
    yield _on_quiet_service(folder, image)


def _on_quiet_service(folder: Path, image: Path) -> Figure:
    with (
        fal_process(folder, "--delay", FAL_SECONDS) as fal,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(slow_lines(fal)) as port,
        serving(folder / "quiet", port) as service,
    ):
        _accepted(timed_submits(service.url, image.read_bytes()))
        rounds = alternate(
            QUIET_ROUNDS,
            lambda: _cold_submit(service.url, image.read_bytes()),
            lambda: _median(_alone(folder, port, image)),
        )
    return Figure(
        what=f"a submit on a quiet service, p50 (a line to fal opens in {HANDSHAKE * 1000:.0f} ms)",
        measured=f"{rounds.median * 1000:.0f} ms",
        beside=f"fal-client alone: {rounds.baseline_median * 1000:.0f} ms",
        values=rounds.ratios,
        goal=Goal("≤", 1.1),
    )


def _cold_submit(url: str, image: bytes) -> float:
    """Wait until the lines are closed and submit; return the seconds after the last byte."""
    address = URL(url)
    request = Request("POST", url + SUBMIT, **submission(image), headers=bearer())
    body, headers = request.read(), dict(request.headers)
    size = -(-len(body) // CANVAS_PIECES)
    time.sleep(QUIET)
    with closing(HTTPConnection(address.host, address.port)) as connection:
        connection.request("POST", request.url.path, _slowly(body, size), headers)
        began = perf_counter()
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == ACCEPTED, content
        return perf_counter() - began


def _slowly(body: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        time.sleep(CANVAS_SECONDS / CANVAS_PIECES)
        yield body[at : at + size]


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds[WARM_UP:])


def _accepted(submits: list[tuple[int, float]]) -> list[float]:
    assert {status for status, _ in submits} == {ACCEPTED}, submits
    return [seconds for _, seconds in submits]


def timed_submits(url: str, image: bytes) -> list[tuple[int, float]]:
    """Submit over one connection; return the status and the seconds of each."""
    address = URL(url)
    request = Request("POST", url + SUBMIT, **submission(image), headers=bearer())
    body, headers = request.read(), dict(request.headers)
    answers = []
    with closing(HTTPConnection(address.host, address.port)) as connection:
        for _ in range(WARM_UP + SUBMITS):
            began = perf_counter()
            connection.request("POST", request.url.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            answers.append((answer.status, perf_counter() - began))
    return answers


def _alone(folder: Path, port: int, image: Path) -> list[float]:
    arguments = (str(port), str(image), str(WARM_UP + SUBMITS))
    with started(folder, "scripts.bench.fal_client_alone", *arguments) as process:
        assert process.exit_status() == 0, process.stderr
        return list(map(float, json.loads(process.stdout)))
