"""Add credits to a user's account, which is opened if there is none."""

import argparse
import uuid

import stamina

from app.api.tokens import MAX_SUBJECT, is_subject
from app.database.client import Database
from app.errors import ServiceError
from app.problems import DatabaseUnavailable
from app.settings import Settings
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated

MAX_CREDITS = 1_000_000_000


async def grant(database: Database, user: str, amount: int, *, signup_grant: int) -> int:
    """Book the grant and return the new balance.

    A call without an answer is repeated; the grant's id is the same, so it is booked once.

    Raises:
        ServiceError: the database never answered; the grant may have been booked.

    """
    grant_id = str(uuid.uuid4())
    try:
        async for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=5):
            with attempt:
                account = await database.call("credit::grant", grant_id, user, amount, signup_grant)
    except DatabaseUnavailable as error:
        raise ServiceError(
            "The database does not answer, and the grant may have been booked. Before you grant "
            f"again, look for credit_entry:['{grant_id}', 'grant'] in the database."
        ) from error
    return int(account["balance"])


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


async def main() -> int:
    parser = argparse.ArgumentParser(prog="grant", description=__doc__)
    parser.add_argument("user", type=_user, help="the sub of the user's token")
    parser.add_argument("credits", type=whole_number(MAX_CREDITS), help="how many to add")
    arguments = parser.parse_args()
    settings = Settings()
    async with open_migrated(settings) as database:
        await database.check()
        balance = await grant(
            database,
            arguments.user,
            arguments.credits,
            signup_grant=settings.credits_signup_grant,
        )
    print(f"{arguments.user}: {balance - arguments.credits:,} → {balance:,} credits")
    return 0


if __name__ == "__main__":
    run(main())
