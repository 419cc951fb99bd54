"""Jobs as the database's functions see them, for tests that call these functions."""

from dataclasses import dataclass
from typing import Any

from app.database.client import Database

Row = dict[str, Any]

LIMITS = {
    "signup_grant": 100,
    "in_flight": 5,
    "per_minute": 20,
    "silence": 120,
    "deadline": 86400,
}
"""The defaults of the settings."""

UNLIMITED = LIMITS | dict.fromkeys(("signup_grant", "in_flight", "per_minute"), 1_000_000)
"""Limits that no test reaches."""

BASE = "users/ada/library/2025-10-08-night-life-roller"
"""The base of a storage key."""

VIDEO = {
    "poster_key": f"{BASE}.jpg",
    "title": "Night life roller",
    "bytes": 1_234_567,
    "sha256": "5e88" * 16,
    "duration_seconds": 5.2,
    "codec": "h264",
    "width": 1280,
    "height": 720,
}
"""The video that a delivery passes to ``complete``."""

RUNNING, WAITING = True, False
"""fal's state in ``progress``."""
WEBHOOK, NO_WEBHOOK = True, False
"""Whether fal can call back, in ``unconfirmed``."""

TROUBLE = {"kind": "result", "code": "fal_unavailable", "message": "fal did not answer."}
ONCE_IN_A_WHILE = {"count": 3, "seconds": 600, "wait": 2, "longest_wait": 60}


def job_arguments(job_id: str, **changes: Any) -> Row:
    """Return the job that is passed to ``fn::video_job::open``."""
    job = {
        "id": job_id,
        "user": "ada",
        "user_email": "ada@example.com",
        "template_slug": "night-life-roller",
        "variables": {"headline": "Friday", "mood": "raw"},
        "fal_model": "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
        "credits": 10,
    }
    return job | changes


def values_of(row: Row, *names: str) -> list[object]:
    """Return the values of these fields; None for a field that is missing."""
    return [row.get(name) for name in names]


def without_times(row: Row) -> Row:
    """Return the row without the fields that every call sets; repeated calls agree on the rest."""
    return {
        key: value
        for key, value in row.items()
        if key not in {"updated_at", "due_at", "lease", "attempts"}
    }


@dataclass
class Jobs:
    """Calls the functions of ``schema/functions/video_job*.surql``, and reads what they write."""

    database: Database
    changes: int = 0
    """The number of answers that reported a created or ended job; the mark is removed from them."""

    async def open(
        self,
        job_id: str,
        *,
        once: tuple[str, str] | None = None,
        limits: Row = LIMITS,
        **changes: Any,
    ) -> Row:
        """Open a job; ``once`` is the idempotency key and the fingerprint of the request."""
        key = once and {"key": once[0], "fingerprint": once[1]}
        opened: Row = await self.database.call(
            "video_job::open", job_arguments(job_id, **changes), limits, key
        )
        self.changes += opened.pop("created")
        return opened

    async def __call__(self, function: str, job_id: str, *arguments: Any) -> Row:
        row: Row = await self.database.call(f"video_job::{function}", job_id, *arguments)
        if row is not None:
            self.changes += row.pop("ended", False)
        return row

    async def queued(self, job_id: str, **changes: Any) -> Row:
        """Open a job and let fal accept it."""
        await self.open(job_id, **changes)
        return await self("queued", job_id, f"fal-{job_id}", 3, 15)

    async def claimed(self, job_id: str, holder: str = "worker", **changes: Any) -> Row:
        """Open a job and claim it for delivery."""
        await self.queued(job_id, **changes)
        return await self("claim", job_id, holder, 25, BASE)

    async def bring_to(self, point: str) -> None:
        """Bring the job ``j`` to a stage."""
        match point:
            case "open":
                await self.open("j")
            case "submitting":
                await self.open("j")
                await self("submitting", "j", 120)
            case "queued":
                await self.queued("j")
            case "claimed":
                await self.claimed("j")

    async def ended(self, job_id: str, status: str) -> Row:
        """Bring a job to a terminal status."""
        await self.claimed(job_id)
        if status == "completed":
            return await self("complete", job_id, "worker", VIDEO)
        if status == "cancelled":
            return await self("cancelled", job_id, "worker")
        return await self("fail", job_id, "worker", "fal_rejected", "No.")

    async def all(self, table: str) -> list[Row]:
        """Return a table's rows in the order of their ids."""
        rows: list[Row] = await self.database.query(
            "SELECT * FROM type::table($table) ORDER BY id", table=table
        )
        return rows

    async def traces(self) -> list[list[Row]]:
        """Return all rows that a change may write, except for the job's own."""
        tables = "credit_account", "credit_entry", "video_job_event", "library_video", "storage_key"
        return [await self.all(table) for table in tables]

    async def account(self, user: str = "ada") -> tuple[int, int, int]:
        """Return the user's balance, held credits and number of jobs in flight."""
        row = await self.database.query(
            "SELECT * FROM ONLY type::record('credit_account', $user)", user=user
        )
        return row["balance"], row["held"], row["in_flight"]

    async def entries(self) -> list[tuple[str, int]]:
        """Return kind and credits of the ledger's entries, oldest first."""
        rows = await self.database.query("SELECT * FROM credit_entry ORDER BY created_at, id")
        return [(row["kind"], row["credits"]) for row in rows]

    async def events(self, job_id: str) -> list[tuple[str, str]]:
        """Return status and stage of the job's events."""
        rows = await self.database.query(
            "SELECT * FROM video_job_event WHERE record::id(id)[0] = $job ORDER BY id", job=job_id
        )
        return [(row["status"], row["stage"]) for row in rows]
