"""Reads a user's credits and library."""

from datetime import datetime

from app.database.client import Database
from app.domain.credits import CreditEntry, CreditStatement
from app.domain.video import LibraryVideo

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
    """Reads the accounts and the libraries of users."""

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

    async def library(
        self,
        user: str,
        *,
        template_slug: str | None,
        limit: int,
        before: tuple[datetime, str] | None,
    ) -> list[LibraryVideo]:
        """Return the user's videos, newest first, after the time and job of ``before``."""
        page = (user, template_slug, limit, *(before or (None, None)))
        rows = await self._database.call("library::page", *page)
        return [LibraryVideo.from_row(row) for row in rows]
