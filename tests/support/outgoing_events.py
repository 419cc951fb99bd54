"""What tests do with a service that tells an event receiver how jobs end."""

from typing import Any

from app.settings import Settings
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

AN_HOUR = 3600


def changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(_env_file=None, **(settings.model_dump() | changes))


async def rows(run: Running) -> list[dict[str, Any]]:
    return list(await run.rows("SELECT * FROM outgoing_event ORDER BY created_at"))


async def tell(run: Running) -> int:
    assert run.service.outgoing_events is not None
    return await run.service.outgoing_events.once()


async def submitted(run: Running) -> str:
    """Submit, and wait until the start image is kept, which would change an ended job's status."""
    job_id = await run.submitted()
    await run.wait_for_background()
    return job_id


async def completed(run: Running, fal: FalStandIn) -> str:
    job_id = await submitted(run)
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    return job_id


async def failed(run: Running, fal: FalStandIn) -> str:
    job_id = await submitted(run)
    fal.fail(fal.newest)
    assert (await run.finished(job_id))["status"] == "failed"
    return job_id


async def cancelled(run: Running) -> str:
    job_id = await submitted(run)
    await run.cancel(job_id)
    assert (await run.finished(job_id))["status"] == "cancelled"
    return job_id


async def key_of(run: Running, job_id: str) -> Any:
    """Return the key of the job's event."""
    keys = await run.rows("SELECT VALUE record::id(id) FROM outgoing_event")
    return next(key for key in keys if key[0] == job_id)
