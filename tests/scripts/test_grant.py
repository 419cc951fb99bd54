"""The script that adds credits."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest
import stamina

from app.database import schema
from app.database.client import Database
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from scripts.grant import grant, main
from tests.support.database import connected, embedded
from tests.support.job_functions import Jobs
from tests.support.scripts import run_script

T = TypeVar("T")


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    async with connected(embedded(store_url)) as database:
        yield database


class LostAnswers:
    """Carries out every call and loses the answers of the first ones."""

    def __init__(self, lost: int) -> None:
        self.lost = lost

    async def __call__(self, _name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if self.lost > 0:
            self.lost -= 1
            raise DatabaseUnavailable
        return answer


async def test_a_grant_opens_the_account_and_adds_to_it(database: Database) -> None:
    assert await grant(database, "ada", 5, signup_grant=100) == 105
    assert await grant(database, "ada", 5, signup_grant=100) == 110
    assert sorted(await Jobs(database).entries()) == [("grant", 5), ("grant", 5), ("grant", 100)]


async def test_a_grant_whose_answer_was_lost_is_booked_once(store_url: str) -> None:
    async with Database(embedded(store_url), seam=LostAnswers(2)) as database:
        assert await grant(database, "ada", 5, signup_grant=0) == 5
        assert await Jobs(database).entries() == [("grant", 5)]


async def test_a_grant_that_is_never_answered_names_the_ledger_entry(store_url: str) -> None:
    async with Database(embedded(store_url), seam=LostAnswers(99)) as database:
        with (
            stamina.set_testing(True, attempts=5),
            pytest.raises(
                ServiceError, match=r"may have been booked.*look for credit_entry:\['.*', 'grant'\]"
            ),
        ):
            await grant(database, "ada", 5, signup_grant=0)


async def test_the_script_prints_the_balance_before_and_after(store_url: str) -> None:
    ended = await run_script("grant", "ada", "5", address=embedded(store_url))
    assert (ended.status, ended.out) == (0, "ada: 100 → 105 credits\n")


@pytest.mark.parametrize(
    ("user", "credits", "reason"),
    [
        ("ada", "0", "must be a whole number from 1 to 1,000,000,000"),
        ("ada", "-5", "must be a whole number"),
        ("ada", "1.5", "must be a whole number"),
        ("ada", "1000000001", "must be a whole number"),
        (" ", "5", "must not start or end with white space"),
        (" ada", "5", "must not start or end with white space: it must equal the token's sub"),
        ("ada\n", "5", "must not start or end with white space"),
        ("", "5", "must be 1 to 128 characters"),
        ("a" * 129, "5", "must be 1 to 128 characters"),
        ("ad\udca0a", "5", "must be 1 to 128 characters of UTF-8"),
    ],
)
async def test_a_wrong_user_or_amount_is_refused_with_the_reason(
    user: str,
    credits: str,  # noqa: A002
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["grant", user, credits])
    with pytest.raises(SystemExit) as ended:
        await main()
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


async def test_the_longest_user_of_a_token_gets_credits(store_url: str) -> None:
    ended = await run_script("grant", "a" * 128, "5", address=embedded(store_url))
    assert (ended.status, ended.out) == (0, f"{'a' * 128}: 100 → 105 credits\n")


async def test_make_grant_takes_no_user_from_the_shell() -> None:
    # -o: the target `install` is not made again
    make = await asyncio.create_subprocess_exec(
        *("make", "-o", "install", "grant", "CREDITS=5"),
        cwd=schema.FOLDER.parent,
        env=os.environ | {"USER": "root"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await make.communicate()
    assert make.returncode == 2
    assert said.decode().startswith("usage: make grant USER=")
