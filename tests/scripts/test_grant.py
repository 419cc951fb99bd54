"""The script that adds credits."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
import stamina

from app.database import schema
from app.database.account_store import AccountStore
from app.database.client import Database
from app.errors import ServiceError
from app.problems import DatabaseUnavailable, ReferenceMismatch
from app.settings import Settings
from scripts.grant import Grant, grant_in_database, grant_over_http, main
from tests.support.database import connected, embedded
from tests.support.job_functions import Jobs
from tests.support.problems.scene import FaultySeam
from tests.support.process import forked
from tests.support.scripts import run_script
from tests.support.service import over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY

T = TypeVar("T")
BOOKED = "ada: 100 → 105 credits, booked as one\n"
BOOKED_BEFORE = "ada: one was booked before: nothing is added; 105 credits then\n"


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


async def granted(database: Database, reference: str, *, user: str = "ada") -> int:
    accounts = AccountStore(database, signup_grant=100)
    grant = Grant(user=user, credits=5, reference=reference)
    return (await grant_in_database(accounts, grant)).balance


async def test_a_grant_opens_the_account_and_adds_to_it(database: Database) -> None:
    assert await granted(database, "one") == 105
    assert await granted(database, "two") == 110
    assert sorted(await Jobs(database).entries()) == [("grant", 5), ("grant", 5), ("grant", 100)]
    keys = await database.query("SELECT VALUE [key, action, reference] FROM admin_action")
    assert keys == [["shell", "grant", "one"], ["shell", "grant", "two"]]


async def test_a_grant_with_the_same_reference_is_booked_once(database: Database) -> None:
    assert [await granted(database, "one") for _ in range(3)] == [105] * 3
    with pytest.raises(ReferenceMismatch):
        await granted(database, "one", user="grace")
    assert sorted(await Jobs(database).entries()) == [("grant", 5), ("grant", 100)]


async def test_a_grant_whose_answer_was_lost_is_booked_once(store_url: str) -> None:
    async with Database(embedded(store_url), seam=LostAnswers(2)) as database:
        grant = Grant(user="ada", credits=5, reference="one")
        booking = await grant_in_database(AccountStore(database, signup_grant=100), grant)
        assert booking.told(grant) == "ada: one was booked; 105 credits then"
        assert sorted(await Jobs(database).entries()) == [("grant", 5), ("grant", 100)]


async def test_a_grant_that_is_never_answered_names_its_reference(store_url: str) -> None:
    async with Database(embedded(store_url), seam=LostAnswers(99)) as database:
        with (
            stamina.set_testing(True, attempts=5),
            pytest.raises(ServiceError, match=r"may have been booked.*REFERENCE=one: it is booked"),
        ):
            await granted(database, "one")
    async with connected(embedded(store_url)) as database:
        assert await granted(database, "one") == 105


async def test_while_the_service_runs_the_credits_are_added_through_it(
    settings: Settings, fal: FalStandIn, tmp_path: Path
) -> None:
    async with running(settings, fal) as run, over_a_socket(run) as url:
        for said in (BOOKED, BOOKED_BEFORE):
            with forked(
                tmp_path,
                "scripts.grant",
                *("--reference=one", "ada", "5"),
                ADMIN_API_KEYS=ADMIN_KEY,
                PORT=url.rpartition(":")[2],
                HTTP_PROXY="http://127.0.0.1:9",
            ) as script:
                assert await asyncio.to_thread(script.exit_status) == 0, script.stderr
                assert script.stdout == said
        with forked(
            tmp_path,
            "scripts.grant",
            *("--reference=one", "grace", "5"),
            ADMIN_API_KEYS=ADMIN_KEY,
            PORT=url.rpartition(":")[2],
        ) as script:
            assert await asyncio.to_thread(script.exit_status) == 1
            assert script.stderr.startswith("The reference was used with another user")
        assert (await run.credits())["balance"] == 105
        assert await run.audit() == []


async def test_a_service_without_a_database_may_have_booked_the_grant(
    settings: Settings, fal: FalStandIn
) -> None:
    seam, grant = FaultySeam(), Grant(user="ada", credits=5, reference="one")
    async with running(settings, fal, seam=seam) as run, over_a_socket(run) as url:
        there = settings.model_copy(
            update={"host": "0.0.0.0", "port": int(url.rpartition(":")[2])}  # noqa: S104 a wildcard
        )
        seam.error = DatabaseUnavailable()
        with (
            stamina.set_testing(True, attempts=2),
            pytest.raises(ServiceError, match=r"may have been booked.*REFERENCE=one: it is booked"),
        ):
            await grant_over_http(there, grant)
        seam.error = None
        assert (await grant_over_http(there, grant)).balance == 105


async def test_another_program_at_the_port_is_no_service(settings: Settings) -> None:
    async with await asyncio.start_server(_says_hello, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        there = settings.model_copy(update={"port": port})
        with pytest.raises(ServiceError, match=rf"no service answers at http://127.0.0.1:{port}:"):
            await grant_over_http(there, Grant(user="ada", credits=5, reference="one"))


async def _says_hello(caller: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    await caller.readuntil(b"}")
    to.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
    to.close()


async def test_a_made_up_reference_is_printed_and_repeats_the_grant(store_url: str) -> None:
    ended = await run_script("grant", "ada", "5", address=embedded(store_url))
    before, _, reference = ended.out.strip().rpartition(" ")
    assert (ended.status, before) == (0, "ada: 100 → 105 credits, booked as")
    again = ("grant", f"--reference={reference}", "ada", "5")
    ended = await run_script(*again, address=embedded(store_url))
    assert (ended.status, ended.out) == (0, BOOKED_BEFORE.replace("one", reference, 1))


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


@pytest.mark.parametrize("reference", ["", "two words", "r" * 201, "line\n", "caf\xe9"])
async def test_a_wrong_reference_is_refused(
    reference: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["grant", f"--reference={reference}", "ada", "5"])
    with pytest.raises(SystemExit) as ended:
        await main()
    assert ended.value.code == 2
    assert "must be 1 to 200 visible ASCII characters" in capsys.readouterr().err


async def make_grant(*variables: str, store_url: str) -> tuple[int | None, str]:
    """Run ``make grant``; the target ``install`` is not made again."""
    make = await asyncio.create_subprocess_exec(
        *("make", "--no-print-directory", "-o", "install", "grant", *variables),
        cwd=schema.FOLDER.parent,
        env=os.environ | {"USER": "root", "REFERENCE": "of-the-shell", "SURREAL_URL": store_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await make.communicate()
    return make.returncode, said.decode()


async def test_make_grant_passes_a_reference_on(store_url: str) -> None:
    for given, start in (
        ("REFERENCE=one $two", ""),
        ("REFERENCE=one", BOOKED),
        ("REFERENCE=one", BOOKED_BEFORE),
        ("ARGS=", "ada: 105 → 110 credits, booked as "),
        ("ARGS=", "ada: 110 → 115 credits, booked as "),
    ):
        status, said = await make_grant("USER=ada", "CREDITS=5", given, store_url=store_url)
        if "$" in given:
            assert (status, "visible ASCII" in said) == (2, True)
        else:
            assert (status, said[: len(start)]) == (0, start)


async def test_the_longest_user_of_a_token_gets_credits(store_url: str) -> None:
    ended = await run_script("grant", "a" * 128, "5", address=embedded(store_url))
    assert ended.status == 0
    assert ended.out.startswith(f"{'a' * 128}: 100 → 105 credits, booked as ")


async def test_make_grant_takes_no_user_from_the_shell(store_url: str) -> None:
    status, said = await make_grant("CREDITS=5", store_url=store_url)
    assert status == 2
    assert said.startswith("usage: make grant USER=")
