"""Reads a user's credits and library."""

from datetime import datetime

from app.database.client import Database
from app.domain.credits import CreditEntry, CreditStatement
from app.domain.video import LibraryVideo


class AccountStore:
    """Reads the accounts and the libraries of users."""

    def __init__(self, database: Database, *, signup_grant: int) -> None:
        self._database = database
        self._signup_grant = signup_grant

    async def credits(self, user: str) -> CreditStatement:
        """Return the account with its latest 50 entries; the first call opens the account."""
        row = await self._database.call("credit::statement", user, self._signup_grant)
        entries = tuple(CreditEntry.from_row(entry) for entry in row["entries"])
        return CreditStatement(balance=row["balance"], held=row["held"], entries=entries)

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
