"""Add credits to a user's account, which is opened where there is none."""

import argparse
import uuid

import stamina

from app.database import schema
from app.database.client import Address, Database
from app.errors import DatabaseUnavailable, ServiceError
from app.settings import Settings
from scripts.support.command import run

MOST_CREDITS = 1_000_000_000
LONGEST_USER = 128


async def grant(database: Database, user: str, amount: int, *, signup_grant: int) -> int:
    """Book the grant and return the new balance.

    Its id is chosen once: a call that was not answered is safely made again.

    Raises:
        ServiceError: the database never answered, and nobody knows whether it was booked.

    """
    grant_id = str(uuid.uuid4())
    try:
        async for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=5):
            with attempt:
                account = await database.call("credit::grant", grant_id, user, amount, signup_grant)
    except DatabaseUnavailable as error:
        raise ServiceError(
            f"The database does not answer: look for credit_entry:['{grant_id}', 'grant'] in it "
            "before you grant again, it may have been booked."
        ) from error
    return int(account["balance"])


def _user(text: str) -> str:
    if not 1 <= len(text.strip()) <= LONGEST_USER:
        raise argparse.ArgumentTypeError(f"a user has 1 to {LONGEST_USER} characters")
    return text.strip()


def _credits(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CREDITS:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST_CREDITS:,}")
    return int(text)


async def main() -> int:
    parser = argparse.ArgumentParser(prog="grant", description=__doc__)
    parser.add_argument("user", type=_user, help="as in the token's sub")
    parser.add_argument("credits", type=_credits, metavar="credits")
    arguments = parser.parse_args()
    settings = Settings()
    async with Database(Address.from_settings(settings)) as database:
        (await schema.state(database)).require_serviceable()
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
