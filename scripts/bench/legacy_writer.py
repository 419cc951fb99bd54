"""``python -m scripts.bench.legacy_writer``: writes as the legacy stack does.

It creates jobs with their model and finishes them, one after another, until it is killed. It prints
the milliseconds of each write.
"""

import asyncio
import itertools
import time
from typing import Any

from app.database.address import Address
from app.database.client import Database
from app.settings import Settings

PAUSE = 0.005
"""Seconds between two writes."""
CREATE = """CREATE type::record('video_job', $id) SET
  user = 'ada', user_email = 'ada@example.com', template_slug = 'night-life-roller',
  variables = { headline: 'Friday' }, fal_model = 'fal-ai/some/model', status = 'completed',
  start_key = 'users/ada/start/' + $id + '.png', updated_at = time::now() RETURN NONE"""
UPDATE = """UPDATE type::record('video_job', $id) SET
  video_key = 'users/ada/library/' + $id + '.mp4' RETURN NONE"""


async def main() -> None:
    async with Database(Address.from_settings(Settings()), deadline=30) as database:
        for number in itertools.count():
            for statement in (CREATE, UPDATE):
                await _timed(database, statement, id=f"live-{number:08}")


async def _timed(database: Database, statement: str, **variables: Any) -> None:
    began = time.monotonic()
    await database.query(statement, **variables)
    print(f"{(time.monotonic() - began) * 1000:.1f}", flush=True)
    await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    asyncio.run(main())
