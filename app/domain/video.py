"""A finished video: the facts stored with its job, and its entry in the library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from app.domain.job import read_variables, whole_microseconds
from app.domain.page import Place
from app.templates.values import Value


@dataclass(frozen=True, kw_only=True)
class StoredVideo:
    """The facts that a delivery records when it completes a job."""

    poster_key: str
    title: str
    bytes: int
    sha256: str
    """Hexadecimal digest of the video's bytes."""
    duration_seconds: float
    width: int
    height: int
    codec: str


@dataclass(frozen=True, kw_only=True)
class LibraryVideo:
    """One row of ``library_video`` with its job's variables; sizes are in bytes and pixels.

    Duration and sides are None if the file of a legacy video cannot be decoded.
    """

    job_id: str
    key: str
    poster_key: str | None
    title: str
    template_slug: str
    bytes: int
    duration_seconds: float | None
    width: int | None
    height: int | None
    codec: str | None
    """None in rows of earlier releases."""
    created_at: datetime
    favourite: bool = False
    variables: Mapping[str, Value] = field(default_factory=dict)
    """Of its job."""
    share: str | None = None
    """The token under which the video is shared."""
    start_key: str | None = None
    """None if the start image is not stored."""
    request_id: str | None = None
    """Of its job at fal."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of the library."""
        return cls(
            job_id=str(row["id"].id),
            key=row["key"],
            poster_key=row.get("poster_key"),
            title=row["title"],
            template_slug=row["template_slug"],
            bytes=row["bytes"],
            duration_seconds=row.get("duration_seconds"),
            width=row.get("width"),
            height=row.get("height"),
            codec=row.get("codec"),
            created_at=whole_microseconds(row["created_at"]),
            favourite=bool(row.get("favourite")),
            variables=read_variables(row.get("variables")),
            share=row.get("share"),
            start_key=row.get("start_key"),
            request_id=row.get("fal_request_id"),
        )

    def place(self) -> Place:
        """Return the video's place in the library."""
        return Place(time=self.created_at, id=self.job_id)
