"""A user's credits, and how the back office changes them."""

from typing import Any

from app.database.client import Database
from app.database.errors import Thrown
from app.domain.admin_action import AdminAction
from app.domain.credits import ChangedAccount, CreditEntry, CreditStatement
from app.problems import (
    InsufficientBalance,
    InvalidRequest,
    JobNotFound,
    NotCharged,
    Problem,
    ReferenceMismatch,
)
from app.telemetry.metrics import CREDITS

LATEST = 50
"""Entries of a statement."""

# Not a function of the database, in which SurrealDB would read all of a user's entries.
STATEMENT = """
RETURN {
  account: (SELECT balance, held FROM ONLY type::record('credit_account', $user)),
  entries: (
    SELECT kind, credits, job, reference, created_at,
      type::record('library_video', job ?? '-').title AS title,
      type::record('video_job', job ?? '-').template_slug AS template_slug
    FROM credit_entry WHERE user = $user ORDER BY created_at DESC LIMIT $latest
  )
}
"""


class AccountStore:
    """Reads and changes the accounts of users. Every call may be repeated."""

    def __init__(self, database: Database, *, signup_grant: int) -> None:
        self._database = database
        self._signup_grant = signup_grant

    async def credits(self, user: str) -> CreditStatement:
        """Return the account with its latest entries; the first call opens the account."""
        found = await self._database.query(STATEMENT, user=user, latest=LATEST)
        if found["account"] is None:
            await self._database.call("credit::account", user, self._signup_grant)
            found = await self._database.query(STATEMENT, user=user, latest=LATEST)
        entries = [CreditEntry.from_row(row) for row in found["entries"]]
        # SurrealDB orders an index of times by their texts: 10:00:00Z comes after 10:00:00.5Z.
        entries.sort(key=lambda entry: entry.created_at, reverse=True)
        return CreditStatement(**found["account"], entries=tuple(entries))

    async def adjust(
        self, by: AdminAction, *, reference: str, user: str, credits_: int
    ) -> ChangedAccount:
        """Add credits or, below zero, take them back, once for each reference.

        A repeat returns the account as it was after the first call.

        Raises:
            ReferenceMismatch: the reference belongs to another change.
            InsufficientBalance: fewer credits are available; nothing is written.
            InvalidRequest: the balance would be too large for clients.

        """
        arguments = vars(by), reference, user, credits_, self._signup_grant
        changed = await self._change("adjust", *arguments, credits_=abs(credits_))
        if changed["changed"]:
            CREDITS.labels("withdrawal" if credits_ < 0 else "grant").inc(abs(credits_))
        return _account(changed)

    async def refund(self, by: AdminAction, job_id: str) -> ChangedAccount:
        """Give the job's charge back, once; a repeat returns what :meth:`adjust` does.

        Raises:
            JobNotFound: there is no such job.
            NotCharged: there is no charge.

        """
        changed = await self._change("refund", vars(by), job_id, self._signup_grant)
        if changed["changed"]:
            CREDITS.labels("refund").inc(changed["credits"])
        return _account(changed)

    async def _change(self, function: str, *arguments: Any, credits_: int = 0) -> dict[str, Any]:
        try:
            changed: dict[str, Any] = await self._database.call(f"credit::{function}", *arguments)
        except Thrown as thrown:
            raise _refusal(thrown, credits_) from thrown
        return changed


def _account(changed: dict[str, Any]) -> ChangedAccount:
    return ChangedAccount(
        balance=changed["balance"], held=changed["held"], repeated=not changed["changed"]
    )


def _refusal(thrown: Thrown, credits_: int) -> Problem | Thrown:
    match thrown.code:
        case "insufficient_balance":
            return InsufficientBalance(
                f"Fewer than {credits_} credits are available: {thrown.argument}."
            )
        case "reference_mismatch":
            return ReferenceMismatch(
                "The reference was used with another user or another number of credits."
            )
        case "balance_too_large":
            return InvalidRequest("credits: The balance would be larger than 2^53 - 1.")
        case "not_charged":
            return NotCharged("The job was not charged.")
        case "job_not_found":
            return JobNotFound("There is no such job.")
    return thrown
