"""However many requests of a user, or of strangers, ask the database at once, others are served."""

import itertools
from collections.abc import Iterator

import pytest

from tests.security import test_memory
from tests.security.test_memory import Victim, assert_stands
from tests.security.test_pages_memory import full_library
from tests.support.process import ON_LINUX
from tests.support.raw_requests import get, request
from tests.support.service import SUBMIT

__all__ = ["full_library", "victim"]

CONNECTIONS = 2500
PIPELINED = 20

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not ON_LINUX, reason="reads /proc"),
    pytest.mark.usefixtures("full_library"),
]

victim = test_memory.victim


def changes() -> Iterator[bytes]:
    body = b'{"favourite": true}'
    yield from itertools.repeat(request("PATCH", "/api/library/job-1", "ada", body))


def polls_of_many_jobs() -> Iterator[bytes]:
    poll = get(f"{SUBMIT}/status?jobId=NUMBER", "ada")
    yield from (poll.replace(b"NUMBER", b"%d" % number) for number in itertools.count())


def of_each_route() -> Iterator[bytes]:
    yield from itertools.cycle(
        [
            request("DELETE", "/api/library/other", "ada"),
            request("POST", "/api/library/job-1/share", "ada"),
            request("POST", f"{SUBMIT}/cancel?jobId=job-1", "ada"),
            get("/api/library/job-1/download", "ada"),
            get("/api/jobs?limit=1", "ada"),
        ]
    )


def readiness() -> Iterator[bytes]:
    yield from itertools.repeat(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")


@pytest.mark.parametrize("requests", [changes, polls_of_many_jobs, of_each_route, readiness])
async def test_requests_that_ask_the_database(victim: Victim, requests: type) -> None:
    endless = requests()
    await assert_stands(
        victim,
        [victim.send(b"".join(itertools.islice(endless, PIPELINED))) for _ in range(CONNECTIONS)],
    )
