"""Two processes with one database, one bucket and one fal: neither undoes the other's work."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.database.audit import audit
from tests.soak.backends import Backends
from tests.soak.browsers import is_unavailable
from tests.soak.fal_worker import video_of
from tests.soak.instance import Instance
from tests.soak.simulation import simulation
from tests.support.database import SurrealServer, connected, migrated, surreal_server
from tests.support.process import PATIENCE, UNSHARED
from tests.support.s3 import s3_server
from tests.support.service import SUBMIT, TEMPLATE, png, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.tokens import bearer

AT_ONCE = 20
CHEAP = "gentle-zoom"
"""Costs 4; ``TEMPLATE`` costs 10."""
LIMITS = {"CREDITS_SIGNUP_GRANT": "25", "MAX_JOBS_IN_FLIGHT": "3", "SUBMITS_PER_MINUTE": "60"}
LONGER_THAN_A_LEASE = 60
PAUSE = 0.1

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Pair:
    """Two processes, and a client of both."""

    backends: Backends
    database: SurrealServer
    instances: Sequence[Instance]
    client: httpx.AsyncClient

    async def ask(self, one: Instance, method: str, path: str, **content: Any) -> httpx.Response:
        content["headers"] = bearer(content.pop("user", "ada")) | content.pop("headers", {})
        return await self.client.request(method, f"{one.url}{path}", **content)

    async def submit(
        self, one: Instance, *, user: str, key: str, template: str = TEMPLATE
    ) -> httpx.Response:
        """Submit, and repeat while the database is too busy: the key makes that safe."""
        while True:
            answer = await self.ask(
                one,
                "POST",
                SUBMIT,
                user=user,
                **submission(png(), {"templateSlug": template}),
                headers={"Idempotency-Key": key},
            )
            if not is_unavailable(answer):
                return answer

    async def submits(
        self, *, user: str, keys: Sequence[str], template: str = TEMPLATE
    ) -> list[httpx.Response]:
        """Submit concurrently, at both processes in turn."""
        turns = zip(cycle(self.instances), keys, strict=False)
        return await asyncio.gather(
            *(self.submit(one, user=user, key=key, template=template) for one, key in turns)
        )

    async def status(self, one: Instance, job_id: str, *, user: str) -> dict[str, Any]:
        answer = await self.ask(
            one, "GET", f"/api/templates/video/status?jobId={job_id}", user=user
        )
        return dict(answer.json())

    async def completed(self, one: Instance, job_id: str, *, user: str) -> None:
        """Poll one process until the job is completed."""

        async def is_completed() -> bool:
            job = await self.status(one, job_id, user=user)
            return bool(job["status"] == "completed")

        await until(is_completed)

    async def audited(self) -> list[str]:
        async with connected(self.backends.address) as database, self.backends.storage() as storage:
            return [str(each) for each in await audit(database, storage, read=True)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with s3_server(folder) as bucket, surreal_server(folder / "server") as server:
        async with migrated(server.address("video")):
            pass
        async with (
            FalStandIn() as fal,
            httpx.AsyncClient(timeout=PATIENCE, limits=UNSHARED) as client,
        ):
            backends = Backends(folder, server.address("video"), bucket, fal)
            settings = backends.settings(**LIMITS)
            async with Instance(folder, settings) as one, Instance(folder, settings) as other:
                await asyncio.gather(one.start(), other.start())
                yield Pair(backends, server, (one, other), client)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 the event happens in another process
            await asyncio.sleep(PAUSE)


def codes(answers: Sequence[httpx.Response]) -> Counter[str]:
    return Counter(answer.json().get("code", "accepted") for answer in answers)


async def test_limit_of_unfinished_jobs_holds_over_both_processes(pair: Pair) -> None:
    before = pair.backends.fal.count("submit")
    keys = [f"limit-{number}" for number in range(AT_ONCE)]
    answers = await pair.submits(user="busy", keys=keys, template=CHEAP)
    assert codes(answers) == {"accepted": 3, "too_many_jobs": AT_ONCE - 3}
    assert pair.backends.fal.count("submit") == before + 3
    assert await pair.audited() == []


async def test_last_credits_are_spent_once_over_both_processes(pair: Pair) -> None:
    keys = [f"credit-{number}" for number in range(AT_ONCE)]
    answers = await pair.submits(user="poor", keys=keys)
    assert codes(answers) == {"accepted": 2, "insufficient_credits": AT_ONCE - 2}
    answers = [await pair.ask(one, "GET", "/api/credits", user="poor") for one in pair.instances]
    assert [(each.json()["balance"], each.json()["held"]) for each in answers] == [(25, 20)] * 2
    assert await pair.audited() == []


async def test_submits_with_one_key_at_both_processes_create_one_job(pair: Pair) -> None:
    before = pair.backends.fal.count("submit")
    answers = await pair.submits(user="eager", keys=["the-click"] * AT_ONCE)
    assert codes(answers) == {"accepted": AT_ONCE}
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    assert pair.backends.fal.count("submit") == before + 1
    assert await pair.audited() == []


async def test_job_of_a_killed_process_is_delivered_by_the_other(pair: Pair) -> None:
    lives, dies = pair.instances
    job_id = (await pair.submit(dies, user="heir", key="heir")).json()["jobId"]
    request_id = pair.backends.fal.newest
    pair.backends.fal.complete(request_id, video_of(request_id))
    dies.kill()
    await pair.completed(lives, job_id, user="heir")
    await dies.start()
    assert (await pair.status(dies, job_id, user="heir"))["status"] == "completed"
    assert await pair.audited() == []


async def test_delivery_of_a_killed_process_is_taken_over_after_its_lease(pair: Pair) -> None:
    dies, lives = pair.instances
    fal, download = pair.backends.fal, Hang()
    job_id = (await pair.submit(dies, user="late", key="late")).json()["jobId"]
    request_id = fal.newest
    fal.complete(request_id, video_of(request_id))
    fal.faults.add("media", download)
    await pair.status(dies, job_id, user="late")
    await download.reached.wait()
    assert (await pair.status(lives, job_id, user="late"))["stage"] == "storing"
    dies.kill()
    download.released.set()
    await pair.backends.set_clock(LONGER_THAN_A_LEASE)
    await pair.completed(lives, job_id, user="late")
    await dies.start()
    assert await pair.audited() == []


@contextmanager
def killed(server: SurrealServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def hung(server: SurrealServer) -> Iterator[None]:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.process.pid, os.WUNTRACED)  # until all its threads have stopped
    yield
    server.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("away", [killed, hung])
async def test_processes_answer_503_while_the_database_is_away_and_recover(
    pair: Pair, away: Any
) -> None:
    paths = ["/readyz", "/api/credits", "/api/library", "/api/templates/video/status?jobId=x"]
    with away(pair.database):
        answers = await asyncio.gather(
            *(pair.ask(one, "GET", path) for one in pair.instances for path in paths)
        )
        alive = [await pair.ask(one, "GET", "/healthz") for one in pair.instances]
    assert all(map(is_unavailable, answers)), answers
    assert all(answer.is_success for answer in alive)

    async def are_ready() -> bool:
        answers = [await pair.ask(one, "GET", "/readyz") for one in pair.instances]
        return all(answer.is_success for answer in answers)

    await until(are_ready)


async def test_kills_of_both_processes_and_the_database_break_no_invariant(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("kills")
    with s3_server(folder) as bucket, surreal_server(folder / "server") as server:
        async with migrated(server.address("video")):
            pass
        async with FalStandIn() as fal:
            backends = Backends(folder, server.address("video"), bucket, fal)
            async with simulation(backends, instances=2, seed=7, server=server) as simulated:
                async with simulated.under_load(), asyncio.TaskGroup() as dying:
                    for instance in simulated.instances:
                        dying.create_task(simulated.kill_repeatedly(instance, 2))
                    dying.create_task(simulated.kill_database_repeatedly(1))
                outcome = await simulated.outcome()
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.ends["completed"] > 0
