"""What remains to be deleted: the objects of deleted videos, and the data of erased users."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class DueDeletion:
    """The objects of a deleted job, which are deleted now."""

    job_id: str
    round: int
    """How often all of them were deleted before."""
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DueErasure:
    """A user whose erasure is continued now."""

    user: str
    requested_at: datetime
    """The erasure covers the jobs until then."""


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """How far the erasure of a user is."""

    user: str
    requested_at: datetime
    finished_at: datetime | None
    left: int
    """Jobs that are not erased and deleted videos whose objects are not gone; a lower bound if
    there are many."""
