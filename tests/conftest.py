"""A migrated store, a fal and a service for every test; no test reads this machine's settings."""

import asyncio
import atexit
import os
import shutil
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from app import times
from app.database.address import Address
from app.database.client import Database
from app.jobs import snapshots
from app.settings import Settings
from scripts.migrate import migrate
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn

pytest_plugins = ["tests.support.leaks", "tests.support.servers"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-programs", action="store_true", help="a test that is skipped has failed"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where programs are required, a skip is a failure that says what is missing."""
    report = yield
    if report.skipped and item.config.getoption("--require-programs"):
        report.outcome = "failed"
        report.longrepr = f"skipped: {call.excinfo.value if call.excinfo else ''}"
    return report


# The engine needs a pause between its end and the process's: once, not for every test.
atexit.register(time.sleep, times.ENGINE_EXIT)
times.ENGINE_EXIT = 0.0


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        if name.upper() in os.environ:
            monkeypatch.delenv(name.upper())


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated embedded store that nobody has open, to be copied."""
    folder = tmp_path_factory.mktemp("migrated") / "surreal"

    async def migrated() -> None:
        address = Address(url=f"surrealkv://{folder}", namespace="video", database="video")
        async with Database(address, deadline=30) as database:
            await migrate(database)

    asyncio.run(migrated())
    return folder


@pytest.fixture
def store_url(migrated_folder: Path, tmp_path: Path) -> str:
    """A migrated embedded store of the test's own."""
    shutil.copytree(migrated_folder, tmp_path / "surreal")
    return f"surrealkv://{tmp_path / 'surreal'}"


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    return settings_for(store_url, tmp_path / "storage", fal_key=FalStandIn.key)


@pytest.fixture
async def fal() -> AsyncIterator[FalStandIn]:
    """A fal whose jobs the test drives."""
    async with FalStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def run(
    settings: Settings,
    fal: FalStandIn,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    """The service, in which every poll asks fal again; in the end it is audited."""
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(snapshots, "WATCHED", 0.0)
    async with running(settings, fal) as service:
        yield service
        if "unaudited" not in request.keywords:
            await service.wait_for_background()
            assert await service.audit() == []
