from collections.abc import AsyncIterator

import pytest

from app.fal.queue import Fal
from app.telemetry.seam import direct
from tests.support.stand_ins.fal import FalStandIn

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"


@pytest.fixture
async def client(fal: FalStandIn) -> AsyncIterator[Fal]:
    client = Fal(key=fal.key, transport=fal.transport, seam=direct)
    yield client
    await client.aclose()
