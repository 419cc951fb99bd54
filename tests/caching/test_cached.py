import asyncio
import logging
from dataclasses import dataclass, field

import pytest

from app.caching.cached import Cached

LIFETIME = 60.0
MIN_INTERVAL = 5.0


class Away(Exception):
    """A failure that may pass."""


@dataclass
class Source:
    """Counts its loads; each value is the number of its load, unless the source fails."""

    failure: Exception | None = None
    loads: int = 0
    now: float = 1000.0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answering.set()
        self.cached = Cached(
            self.load,
            name="the numbers",
            lifetime=LIFETIME,
            min_interval=MIN_INTERVAL,
            failures=(Away,),
            clock=lambda: self.now,
        )

    async def load(self) -> int:
        self.loads += 1
        self.asked.set()
        await self.answering.wait()
        if self.failure is not None:
            raise self.failure
        return self.loads


async def test_value_is_loaded_again_once_its_lifetime_is_over() -> None:
    source = Source()
    assert [await source.cached.get() for _ in range(3)] == [1, 1, 1]
    source.now += LIFETIME - 1
    assert (await source.cached.get(), source.cached.seconds_left) == (1, 1)
    source.now += 1
    assert (await source.cached.get(), source.cached.seconds_left) == (2, LIFETIME)


async def test_callers_at_the_same_time_share_one_load() -> None:
    source = Source()
    assert await asyncio.gather(*(source.cached.get() for _ in range(200))) == [1] * 200


async def test_callers_at_the_same_time_share_one_failure() -> None:
    source = Source(failure=Away())
    tries = [source.cached.get() for _ in range(200)]
    assert {type(each) for each in await asyncio.gather(*tries, return_exceptions=True)} == {Away}
    assert source.loads == 1


async def test_newest_value_is_loaded_no_more_often_than_the_interval_allows() -> None:
    source = Source()
    assert [await source.cached.get(newest=True) for _ in range(3)] == [1, 1, 1]
    source.now += MIN_INTERVAL
    assert [await source.cached.get(newest=True) for _ in range(3)] == [2, 2, 2]


async def test_failure_leaves_the_last_good_value_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Source()
    await source.cached.get()
    source.now += LIFETIME
    source.failure = Away("https://example.com/?secret")
    assert [await source.cached.get() for _ in range(3)] == [1, 1, 1]
    assert caplog.record_tuples == [
        (
            "app.caching.cached",
            logging.WARNING,
            "Cannot load the numbers: Away. The last good value is used.",
        )
    ]
    source.now += MIN_INTERVAL
    source.failure = None
    assert await source.cached.get() == 3


async def test_without_a_good_value_the_failure_is_raised_until_the_interval_is_over() -> None:
    source = Source(failure=Away())
    for _ in range(3):
        with pytest.raises(Away):
            await source.cached.get()
    assert source.loads == 1
    source.now += MIN_INTERVAL
    source.failure = None
    assert await source.cached.get() == 2


async def test_failure_that_is_raised_often_keeps_a_short_traceback() -> None:
    source = Source(failure=Away())
    lengths = set()
    for _ in range(10):
        with pytest.raises(Away) as raised:
            await source.cached.get()
        lengths.add(len(raised.traceback))
    assert lengths == {2}


async def test_error_of_another_kind_reaches_the_caller_and_is_not_kept() -> None:
    source = Source(failure=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await source.cached.get()
    source.failure = None
    assert await source.cached.get() == 2


async def test_caller_that_gives_up_does_not_fail_the_callers_that_wait_for_its_load() -> None:
    source = Source()
    source.answering.clear()
    first, second = (asyncio.create_task(source.cached.get()) for _ in range(2))
    await source.asked.wait()
    first.cancel()
    await asyncio.wait({first})
    source.answering.set()
    assert await second == 2
    assert first.cancelled()


async def test_reload_loads_at_once_even_after_a_load_that_is_under_way() -> None:
    source = Source()
    source.answering.clear()
    first = asyncio.create_task(source.cached.get())
    await source.asked.wait()
    reloaded = asyncio.create_task(source.cached.reload())
    await asyncio.sleep(0)
    source.answering.set()
    assert await first == 1
    await reloaded
    assert await source.cached.get() == 2


async def test_a_reload_that_fails_is_tried_again_soon() -> None:
    source = Source()
    assert await source.cached.get() == 1
    source.failure = Away()
    await source.cached.reload()
    assert await source.cached.get() == 1
    source.failure = None
    source.now += MIN_INTERVAL
    assert await source.cached.get() == 3
