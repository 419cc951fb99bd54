"""Reads a user's credits."""

from app.database.client import Database
from app.domain.credits import CreditEntry, CreditStatement

# Not a function of the database, in which SurrealDB would read all of a user's entries.
STATEMENT = """
RETURN {
  account: (SELECT balance, held FROM ONLY type::record('credit_account', $user)),
  entries: (
    SELECT kind, credits, job, reference, created_at,
      type::record('library_video', job ?? '-').title AS title,
      type::record('video_job', job ?? '-').template_slug AS template_slug
    FROM credit_entry WHERE user = $user ORDER BY created_at DESC LIMIT 50
  )
}
"""


class AccountStore:
    """Reads the accounts of users."""

    def __init__(self, database: Database, *, signup_grant: int) -> None:
        self._database = database
        self._signup_grant = signup_grant

    async def credits(self, user: str) -> CreditStatement:
        """Return the account with its latest 50 entries; the first call opens the account."""
        found = await self._database.query(STATEMENT, user=user)
        if found["account"] is None:
            await self._database.call("credit::account", user, self._signup_grant)
            found = await self._database.query(STATEMENT, user=user)
        entries = tuple(map(CreditEntry.from_row, found["entries"]))
        return CreditStatement(**found["account"], entries=entries)
