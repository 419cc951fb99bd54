"""Start images that a running service keeps: how it shows, stores and loses them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.telemetry.metrics import START_IMAGES
from tests.support.service import Running


def lost() -> float:
    return float(START_IMAGES.labels("lost")._value.get())


async def kept(run: Running, job_id: str, **given: Any) -> bytes | None:
    """Return the picture that the job's status shows; None if it shows none."""
    await run.wait_for_background()
    url = (await run.status(job_id, **given)).get("startImageUrl")
    return (await run.client.get(url)).content if url else None


async def row_of(run: Running, job_id: str) -> tuple[str | None, bool]:
    (row,) = await run.rows("SELECT * FROM type::record('video_job', $job)", job=job_id)
    return row.get("start_key"), bool(row.get("start_stored"))


def objects(run: Running) -> list[Path]:
    return sorted(run.service.settings.storage_dir.glob("users/*/start/*"))


def hold(
    run: Running, monkeypatch: pytest.MonkeyPatch, before: Callable[[], Awaitable[object]]
) -> None:
    """Await ``before`` in each put of a start image."""
    put = run.service.storage.put

    async def held(key: str, source: Path, *, sha256: str, owner: str) -> None:
        if "/start/" in key:
            await before()
        await put(key, source, sha256=sha256, owner=owner)

    monkeypatch.setattr(run.service.storage, "put", held)
