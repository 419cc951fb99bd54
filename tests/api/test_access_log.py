"""The access log has a line for each request, except those that programs repeat all the time."""

import logging
from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn

LOGGER = "app.api.middleware"


@pytest.fixture
async def logged(settings: Settings, fal: FalStandIn) -> AsyncIterator[Running]:
    async with running(settings.model_copy(update={"access_log": True}), fal) as run:
        yield run


async def test_a_request_is_logged_by_route_status_and_digest_of_its_user(
    logged: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        await logged.get("/api/credits")
        await logged.client.get("/nothing?secret=1")
    first, second = (record for record in caplog.records if record.name == LOGGER)
    assert first.getMessage().startswith("GET /api/credits 200 in ")
    assert first.getMessage().endswith(" ms, user fdee430d40bd")  # SHA-256 of "ada"
    assert second.getMessage().startswith("GET other 404 in ")
    assert second.getMessage().endswith(" ms, user -")


async def test_polls_and_health_checks_are_not_logged(
    logged: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        await logged.get(f"{SUBMIT}/status", jobId="none")
        for path in ("/healthz", "/readyz", "/metrics"):
            await logged.client.get(path)
    assert [record for record in caplog.records if record.name == LOGGER] == []


async def test_without_the_setting_nothing_is_logged(
    run: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        await run.get("/api/credits")
    assert [record for record in caplog.records if record.name == LOGGER] == []
