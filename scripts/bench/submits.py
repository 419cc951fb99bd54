"""A submit, from request to 202, compared with fal-client's own upload and submit.

Both use a fal that takes 50 ms for every call. In addition the service checks the image, holds the
credits and writes three transactions.
"""

import json
import statistics
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

from httpx import URL, Request

from scripts.bench.figure import Figure, Goal
from scripts.bench.rounds import alternate
from scripts.bench.service import fal_process, serving
from scripts.bench.start_image import start_image
from tests.support.process import started
from tests.support.service import SUBMIT, submission
from tests.support.tokens import bearer

ROUNDS = 5
WARM_UP, SUBMITS = 3, 25
FAL_SECONDS = "0.05"


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


def _median(seconds: list[float]) -> float:
    return statistics.median(seconds[WARM_UP:])


def _accepted(submits: list[tuple[int, float]]) -> list[float]:
    assert {status for status, _ in submits} == {202}, submits
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
