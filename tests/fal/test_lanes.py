"""A kind of call that hangs leaves the other kinds their places."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.errors import FalUnavailable
from app.fal import lanes, queue
from app.fal.lanes import LANES, Lane
from app.fal.queue import Fal
from app.telemetry.seam import direct
from tests.fal.conftest import MODEL
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang

CALLS: dict[str, Callable[[Fal, str], Awaitable[object]]] = {
    "upload": lambda client, _: client.upload(b"x", content_type="image/png", file_name="x.png"),
    "submit": lambda client, _: client.submit(MODEL, b"{}", webhook_url=None),
    "status": lambda client, job: client.status(MODEL, job),
    "result": lambda client, job: client.result(MODEL, job),
    "cancel": lambda client, job: client.cancel(MODEL, job),
}


@pytest.mark.parametrize("slow", CALLS)
async def test_a_kind_that_hangs_is_bounded_and_the_other_kinds_go_through(
    fal: FalStandIn, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LANES", dict.fromkeys(LANES, 1))
    monkeypatch.setattr(lanes, "LANE_WAIT", 0.05)
    client = Fal(key=fal.key, transport=fal.transport, seam=direct)
    job = (await client.submit(MODEL, b"{}", webhook_url=None)).request_id
    fal.complete(job, b"video")
    before = fal.count(slow)
    hang = Hang()
    fal.faults.add(slow, hang)
    hanging = asyncio.ensure_future(CALLS[slow](client, job))
    await hang.reached.wait()
    with pytest.raises(FalUnavailable, match=r"^fal answers too slowly$"):
        await CALLS[slow](client, job)
    assert fal.count(slow) == before + 1
    for name in CALLS.keys() - {slow}:
        await CALLS[name](client, job)
    assert not hanging.done()
    hang.released.set()
    await hanging
    await CALLS[slow](client, job)
    await client.aclose()


async def test_calls_take_their_turn_in_the_order_in_which_they_came() -> None:
    lane, order = Lane(1), list[int]()

    async def call(number: int) -> None:
        async with lane.turn():
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(call, range(20)))
    assert order == list(range(20))


async def test_a_call_that_is_cancelled_gives_its_place_back() -> None:
    lane, began = Lane(1), asyncio.Event()

    async def call() -> None:
        async with lane.turn():
            began.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(call())
    await began.wait()
    hanging.cancel()
    await asyncio.wait({hanging})
    async with lane.turn():
        pass
