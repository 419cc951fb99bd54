"""So many requests of a user ask the database at once; others are served meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from app.api import under_way
from app.database import client
from app.database.connection import Connection
from app.main import create_app
from app.problems import DatabaseUnavailable
from app.server.memory import MemoryBudget
from app.settings import Settings
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

MOST, MOST_CALLS = 12, 4
LOUD = 100
JOB = {"jobId": "no-such-job"}
COUNTED = [
    ("POST", SUBMIT),
    ("GET", f"{SUBMIT}/status"),
    ("GET", f"{SUBMIT}/events"),
    ("POST", f"{SUBMIT}/cancel"),
    ("GET", "/api/jobs"),
    ("GET", "/api/library"),
    ("GET", "/api/library/{jobId}"),
    ("PATCH", "/api/library/{jobId}"),
    ("DELETE", "/api/library/{jobId}"),
    ("GET", "/api/library/{jobId}/download"),
    ("POST", "/api/library/{jobId}/share"),
    ("DELETE", "/api/library/{jobId}/share"),
    ("GET", "/api/credits"),
]
UNCOUNTED = [
    ("GET", "/api/me"),
    ("GET", "/api/templates"),
    ("POST", "/api/webhooks/fal"),
    ("GET", "/v/no-such-share-token-22"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


@dataclass
class Calls:
    """The calls that are carried out."""

    now: int = 0
    most: int = 0


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls, query = Calls(), Connection.query

    async def counted(self: Connection, *given: Any) -> Any:
        calls.now += 1
        calls.most = max(calls.most, calls.now)
        try:
            return await query(self, *given)
        finally:
            calls.now -= 1

    monkeypatch.setattr(Connection, "query", counted)
    return calls


@pytest.fixture
async def run(
    public_settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    monkeypatch.setattr(under_way, "AT_ONCE_OF_A_USER", MOST)
    monkeypatch.setattr(client, "AT_ONCE", MOST_CALLS)
    async with running(public_settings, fal) as run:
        yield run


async def send(run: Running, method: str, path: str, user: str) -> httpx.Response:
    change = {"favourite": True} if method == "PATCH" else None
    path = path.format(**JOB)
    return await run.client.request(method, path, params=JOB, headers=bearer(user), json=change)


def code_of(answer: httpx.Response) -> str:
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return str(answer.json()["code"]) if is_problem else "ok"


async def test_every_route_that_asks_the_database_counts_its_caller(
    run: Running, settings: Settings
) -> None:
    budget = run.service.memory.requests
    while budget.take(under_way.REQUEST_BYTES, "ada"):
        pass
    for method, path in COUNTED:
        refused = await send(run, method, path, "ada")
        assert (code_of(refused), refused.headers["Retry-After"]) == ("too_busy", "5"), path
        assert code_of(await send(run, method, path, "bob")) != "too_busy", path
    for method, path in UNCOUNTED:
        assert code_of(await send(run, method, path, "ada")) != "too_busy", path
    known = {path for _, path in COUNTED + UNCOUNTED}
    routes = [each for each in create_app(settings).routes if isinstance(each, Route)]
    of_users = {each.path for each in routes if each.path.startswith("/api/")}
    assert {each for each in of_users if not each.startswith("/api/admin/")} <= known


async def test_a_loud_user_is_shed_and_others_are_served(
    run: Running, fal: FalStandIn, calls: Calls
) -> None:
    job_id = await run.submitted(user="bob")
    loud = [
        send(run, *COUNTED[6 + number % 6], "ada")  # the routes of one video
        for number in range(LOUD)
    ]
    attack = asyncio.gather(*loud)
    await asyncio.sleep(0)  # it has begun
    answers = await asyncio.gather(
        run.get("/api/library", user="bob"),
        run.get("/api/jobs", user="bob"),
        run.get(f"{SUBMIT}/status", user="bob", jobId=job_id),
        *(run.client.get(path) for path in ("/healthz", "/readyz", "/metrics")),
        fal.call_back(run.client, fal.newest),
    )
    assert [each.status_code for each in answers] == [200] * 7
    codes = Counter(map(code_of, await attack))
    assert codes == {"too_busy": LOUD - MOST, "video_not_found": MOST}
    assert 1 < calls.most <= MOST_CALLS
    await send(run, *COUNTED[6], "ada")
    assert run.service.memory.requests._used == 0


ACCOUNTS = 64
"""Four times those that would fill all places if each could have its most."""


def fill(budget: MemoryBudget, users: Sequence[str]) -> Counter[str]:
    """Let each user take all places that it gets, one after the other; return how many."""
    taken = Counter[str]()
    for user in users:
        while budget.take(under_way.REQUEST_BYTES, user):
            taken[user] += 1
    return taken


def test_a_quiet_user_gets_a_place_while_many_accounts_hold_all_that_they_can() -> None:
    budget = under_way.requests_budget()
    accounts = [f"account-{number}" for number in range(ACCOUNTS)]
    taken = fill(budget, accounts)
    assert taken["account-0"] == under_way.AT_ONCE_OF_A_USER, "alone, a user has its most"
    for quiet in range(16):
        assert budget.take(under_way.REQUEST_BYTES, f"quiet-{quiet}")


def test_places_that_are_given_back_go_to_those_who_have_fewest() -> None:
    budget = under_way.requests_budget()
    accounts = [f"account-{number}" for number in range(ACCOUNTS)]
    taken = fill(budget, accounts)
    for _ in range(
        100
    ):  # each answer lets its user send another request, and so do others' answers
        for user in list(taken):
            budget.give_back(under_way.REQUEST_BYTES, user)
            taken[user] -= 1
            taken += fill(budget, accounts[::-1])
    assert max(taken.values()) - min(taken[user] for user in accounts) <= 2
    assert under_way.AT_ONCE - taken.total() >= under_way.AT_ONCE // 8


async def test_everyone_who_asks_for_readiness_at_once_shares_one_check(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    query = run.service.database.query

    async def counted(statement: str, **variables: Any) -> Any:
        asked.append(statement)
        return await query(statement, **variables)

    monkeypatch.setattr(run.service.database, "query", counted)
    answers = await asyncio.gather(*(run.client.get("/readyz") for _ in range(20)))
    assert {each.status_code for each in answers} == {200}
    assert asked.count("RETURN true") == 1


async def test_a_check_of_readiness_that_has_failed_leaves_nothing_running(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, is_back = Calls(), asyncio.Event()

    async def hang() -> None:
        checks.now += 1
        checks.most = max(checks.most, checks.now)
        await is_back.wait()
        checks.now -= 1

    async def away(_statement: str) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(run.service.storage, "check", hang)
    monkeypatch.setattr(run.service.database, "query", away)
    asking = [asyncio.create_task(run.client.get("/readyz")) for _ in range(2)]
    await asyncio.wait(asking, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
    asking.append(asyncio.create_task(run.client.get("/readyz")))
    await asyncio.wait(asking[2:], timeout=0.2)
    is_back.set()
    assert {code_of(each) for each in await asyncio.gather(*asking)} == {"database_unavailable"}
    assert checks == Calls(now=0, most=1)


async def test_polls_that_share_a_refresh_are_not_counted(run: Running) -> None:
    jobs = {user: await run.submitted(user=user) for user in ("ada", "bob")}
    run.service.lifecycle._snapshots._entries.clear()  # as after a restart
    polls = [
        run.get(f"{SUBMIT}/status", user=user, jobId=job_id)
        for _ in range(3 * MOST)
        for user, job_id in jobs.items()
    ]
    answers = await asyncio.gather(*polls)
    assert Counter(map(code_of, answers)) == {"ok": 6 * MOST}
