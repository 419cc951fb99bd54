"""Services that tell an event receiver how jobs end, and an S3 server for one test alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.jobs.outgoing_events import OutgoingEvents
from app.jobs.rounds import Rounds
from app.settings import Settings
from tests.support.event_receiver import EventReceiver, event_receiver
from tests.support.outgoing_events import changed
from tests.support.s3 import S3Server, s3_server
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn


@pytest.fixture
def own_s3(tmp_path: Path) -> Iterator[S3Server]:
    """A server of this test's own: the keys of all tests are the same."""
    (tmp_path / "s3").mkdir()
    with s3_server(tmp_path / "s3") as server:
        yield server


@pytest.fixture
async def receiver() -> AsyncIterator[EventReceiver]:
    async with event_receiver() as one:
        yield one


@pytest.fixture
def told_settings(settings: Settings, receiver: EventReceiver) -> Settings:
    """Settings of a service that tells the receiver."""
    return changed(settings, **receiver.settings)


@pytest.fixture
def only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events be told when a test asks, and not by the service's own loop."""

    async def idle(_: OutgoingEvents) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(OutgoingEvents, "run", idle)


@pytest.fixture
def rounds_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no round be done but those that a test asks for."""

    async def idle(_: Rounds) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Rounds, "run", idle)


@pytest.fixture
async def telling(told_settings: Settings, fal: FalStandIn) -> AsyncIterator[Running]:
    """A service that tells the receiver. It is audited when the test is over."""
    async with running(told_settings, fal) as run:
        yield run
        await run.wait_for_background()
        assert await run.audit() == []
