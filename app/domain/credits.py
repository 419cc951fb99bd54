"""A user's account and the latest entries of its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.domain.job import whole_microseconds


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
class CreditStatement:
    """A user's account with its latest entries, newest first."""

    balance: int
    held: int
    entries: tuple[CreditEntry, ...]

    @property
    def available(self) -> int:
        """Credits that a new job may hold."""
        return self.balance - self.held
