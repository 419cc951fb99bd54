"""A user as the back office sees it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.domain.job import Status


@dataclass(frozen=True, kw_only=True)
class SupportUser:
    """A user's account, and how much the user has. All is 0 for a user who was never seen."""

    user: str
    balance: int
    held: int
    suspended: bool
    """Submits of the user are refused."""
    jobs: Mapping[Status, int]
    """How many there are of each status."""
    videos: int
    """In the library."""

    @classmethod
    def from_rows(cls, user: str, rows: Mapping[str, Any]) -> Self:
        """Read the account, if there is one, and the counts by status."""
        account = rows["account"] or {}
        jobs = Counter[Status]()
        for row in rows["jobs"]:
            jobs[Status.of(row["status"])] += row["count"]
        return cls(
            user=user,
            balance=account.get("balance", 0),
            held=account.get("held", 0),
            suspended=account.get("suspended") or False,
            jobs={status: jobs[status] for status in Status},
            videos=sum(row["count"] for row in rows["videos"]),
        )

    @property
    def available(self) -> int:
        """Credits that a new job may hold."""
        return self.balance - self.held
