"""Pages of rows, newest first."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Place:
    """A row's place in the order: its time, and its id among rows of the same microsecond."""

    time: datetime
    id: str


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which rows a page has."""

    limit: int
    after: Place | None
    """The last row of the previous page; None for the first page."""
