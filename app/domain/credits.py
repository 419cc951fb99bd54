"""A user's account and the latest entries of its ledger."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.domain.job import whole_microseconds

MAX_ADJUSTMENT = 1_000_000_000
"""Credits that the back office adds or takes back at once."""
MAX_REFERENCE = 200
"""Characters."""

_REFERENCE = re.compile(rf"[!-~]{{1,{MAX_REFERENCE}}}")


def is_reference(text: str) -> bool:
    """Return whether the text has 1 to 200 visible ASCII characters, as a reference must."""
    return _REFERENCE.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class CreditEntry:
    """One row of ``credit_entry``; ``credits`` is positive, ``kind`` says which way it goes."""

    kind: str
    credits: int
    job_id: str | None
    title: str | None
    """The title of the job's video."""
    template_slug: str | None
    """The job's template, whose title is shown if there is no video."""
    reference: str | None
    """The id that a shop or the back office gave to a grant or a withdrawal."""
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of the ledger."""
        return cls(
            kind=row["kind"],
            credits=row["credits"],
            job_id=row.get("job"),
            title=row.get("title"),
            template_slug=row.get("template_slug"),
            reference=row.get("reference"),
            created_at=whole_microseconds(row["created_at"]),
        )


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user's credits."""

    balance: int
    held: int
    """The part of the balance that unfinished jobs have reserved."""

    @property
    def available(self) -> int:
        """Credits that a new job may hold."""
        return self.balance - self.held


@dataclass(frozen=True, kw_only=True)
class ChangedAccount(Account):
    """A user's account right after the back office changed it."""

    repeated: bool
    """Whether the change had been made before; then this is the account of that time."""


@dataclass(frozen=True, kw_only=True)
class CreditStatement(Account):
    """A user's account with its latest entries, newest first."""

    entries: tuple[CreditEntry, ...]
