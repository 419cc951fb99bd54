"""Add credits to a user's account, which is opened if there is none.

A grant with --reference is carried out once, however often it is repeated. While the service has
the embedded database open, its back office adds the credits (ADMIN_API_KEYS, HOST, PORT).
"""

import argparse
import uuid
from dataclasses import dataclass

import httpx
import stamina

from app.api.tokens import MAX_SUBJECT, is_subject
from app.database.account_store import AccountStore
from app.database.errors import StoreLocked
from app.domain.admin_action import AdminAction
from app.domain.credits import MAX_ADJUSTMENT, MAX_REFERENCE, is_reference
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.settings import Settings
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated

SHELL = "shell"
"""Stands for the key in ``admin_action``: who can open the database needs none."""
ATTEMPTS = 5
HTTP_SECONDS = 10.0
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 hosts to call, not to listen on


@dataclass(frozen=True)
class Grant:
    """Credits for a user; a grant with the same reference is booked once."""

    user: str
    credits: int
    reference: str


@dataclass(frozen=True)
class Booking:
    """A grant that is in the ledger."""

    balance: int
    """The balance after it."""
    repeated: bool
    """Whether the last call found it booked."""
    attempts: int
    """How many calls that took."""

    def told(self, grant: Grant) -> str:
        """Return what this run has done to the account."""
        if not self.repeated:
            before, after = self.balance - grant.credits, self.balance
            return f"{grant.user}: {before:,} → {after:,} credits, booked as {grant.reference}"
        # An answer was lost, so an attempt of this run may have booked it.
        when = "" if self.attempts > 1 else " before: nothing is added"
        return f"{grant.user}: {grant.reference} was booked{when}; {self.balance:,} credits then"


async def grant_in_database(accounts: AccountStore, grant: Grant) -> Booking:
    """Book the grant; a call without an answer is repeated.

    Raises:
        ServiceError: it is refused, or the database never answered and may have booked it.

    """
    by = AdminAction(key=SHELL)
    try:
        async for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=ATTEMPTS):
            with attempt:
                account = await accounts.adjust(
                    by, reference=grant.reference, user=grant.user, credits_=grant.credits
                )
    except DatabaseUnavailable as error:
        raise _unanswered("The database", grant) from error
    return Booking(account.balance, account.repeated, attempt.num)


async def grant_over_http(settings: Settings, grant: Grant) -> Booking:
    """Let the running service book the grant; return and raise as :func:`grant_in_database`."""
    url = _address(settings)
    keys = [key.get_secret_value() for key in settings.admin_api_keys]
    in_use = f"{settings.surreal_url} is in use by another process"
    if not keys:
        raise ServiceError(
            f"{in_use}: set ADMIN_API_KEYS for the service and for this script, and the credits "
            "are added through it, or stop it first"
        )
    nobody = ServiceError(
        f"{in_use}, and no service answers at {url}: set HOST and PORT as the service has them"
    )
    try:
        answer, attempts = await _post(url, keys[0], grant)
    except httpx.ConnectError as error:
        raise nobody from error
    except (httpx.HTTPError, DatabaseUnavailable) as error:
        raise _unanswered(f"The service at {url}", grant) from error
    if "X-Request-ID" not in answer.headers:  # another program has the port
        raise nobody
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND}:
        raise ServiceError(
            f"The service at {url} refuses the key: set ADMIN_API_KEYS as the service has them"
        )
    if answer.is_error:
        raise ServiceError(answer.json()["detail"])
    repeated = "Idempotent-Replayed" in answer.headers
    return Booking(answer.json()["balance"], repeated, attempts)


async def _post(url: str, key: str, grant: Grant) -> tuple[httpx.Response, int]:
    # A proxy of the environment is not for this machine.
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {key}"},
        timeout=HTTP_SECONDS,
        trust_env=False,
    ) as client:
        lost = (httpx.TimeoutException, httpx.RemoteProtocolError, httpx.ReadError)
        async for attempt in stamina.retry_context(
            on=(*lost, DatabaseUnavailable), attempts=ATTEMPTS
        ):
            with attempt:
                answer = await client.post("/api/admin/credits", json=vars(grant))
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    raise DatabaseUnavailable
    return answer, attempt.num


def _address(settings: Settings) -> str:
    """Return where this machine reaches the service."""
    host = WILDCARDS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _unanswered(who: str, grant: Grant) -> ServiceError:
    return ServiceError(
        f"{who} does not answer, and the grant may have been booked. Run this again with "
        f"REFERENCE={grant.reference}: it is booked once."
    )


def _user(text: str) -> str:
    if text != text.strip():
        raise argparse.ArgumentTypeError(
            "must not start or end with white space: it must equal the token's sub"
        )
    if not is_subject(text):
        raise argparse.ArgumentTypeError(
            f"must be 1 to {MAX_SUBJECT} characters of UTF-8, as the sub of a token"
        )
    return text


def _reference(text: str) -> str:
    if not is_reference(text):
        raise argparse.ArgumentTypeError(f"must be 1 to {MAX_REFERENCE} visible ASCII characters")
    return text


async def main() -> int:
    parser = argparse.ArgumentParser(prog="grant", description=__doc__)
    parser.add_argument("user", type=_user, help="the sub of the user's token")
    parser.add_argument("credits", type=whole_number(MAX_ADJUSTMENT), help="how many to add")
    parser.add_argument(
        "--reference", type=_reference, help="an id of your own, such as that of a payment"
    )
    arguments = parser.parse_args()
    grant = Grant(
        user=arguments.user,
        credits=arguments.credits,
        reference=arguments.reference or str(uuid.uuid4()),
    )
    settings = Settings()
    try:
        async with open_migrated(settings) as database:
            await database.check()
            accounts = AccountStore(database, signup_grant=settings.credits_signup_grant)
            booking = await grant_in_database(accounts, grant)
    except StoreLocked:
        booking = await grant_over_http(settings, grant)
    print(booking.told(grant))
    return 0


if __name__ == "__main__":
    run(main())
