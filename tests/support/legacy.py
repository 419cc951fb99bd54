"""Databases of the legacy stack: its table, its rows, and their backfill."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.database.backfill import Backfill
from app.database.client import Database
from scripts.backfill import fill_all

LEGACY_TABLE = Path(__file__).with_name("legacy_video_job.surql")
LEGACY_TEMPLATE = "night-life-roller"
LEGACY_MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
LEGACY_TIME = datetime(2025, 3, 1, tzinfo=UTC)


async def make_legacy(database: Database, *rows: dict[str, Any]) -> None:
    """Create the legacy stack's table with these rows."""
    await database.run_script(LEGACY_TABLE.read_text())
    await database.query("INSERT INTO video_job $rows RETURN NONE", rows=list(rows))


async def run_backfill(database: Database, *, default: str | None = None, chunk: int = 1000) -> int:
    """Run the backfill and return its exit status."""
    models = {LEGACY_TEMPLATE: LEGACY_MODEL}
    return await fill_all(Backfill(database, models=models, default=default, deadline=86400), chunk)


def legacy_row(request_id: str, status: str = "completed", **changes: Any) -> dict[str, Any]:
    """Return a row as the legacy stack wrote it; its key is fal's request id."""
    row = {
        "id": request_id,
        "user": "ada",
        "user_email": "ada@example.com",
        "template_slug": LEGACY_TEMPLATE,
        "variables": {"headline": "Friday"},
        "start_key": f"users/ada/start/{request_id}.png",
        "status": status,
        "created_at": LEGACY_TIME,
        "updated_at": LEGACY_TIME + timedelta(minutes=3),
    }
    return row | changes
