"""The audit of the back office's book: what it says was done to credits is in the ledger."""

from collections.abc import AsyncIterator

from app.database.audit_books import Progress
from app.database.audit_rules import Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

_UNDONE = f"""{{
LET $rows = SELECT * FROM {rows_of("admin_action")};
RETURN {{
  rows: array::len($rows),
  undone: (SELECT VALUE [user, <string> id] FROM $rows
    WHERE action IN ['grant', 'withdraw', 'refund'] AND [user, credits] != (
      SELECT VALUE [user, credits] FROM ONLY type::record('credit_entry',
        IF $parent.action = 'refund' {{ [$parent.job, 'refund'] }} ELSE {{ $parent.reference }})
    ))
}} }}"""  # noqa: S608 put together from constants


async def check_back_office(database: Database, progress: Progress) -> AsyncIterator[Violation]:
    """Find changes of credits without their ledger entry; both are written in one transaction."""
    for ids in await split_table(database, "admin_action"):
        found = await database.query(_UNDONE, first=ids.first, end=ids.end)
        progress(found["rows"])
        for user, action in found["undone"]:
            yield Violation(user, f"{action} has no ledger entry with its user and credits")
