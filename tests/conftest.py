"""A migrated store, a stand-in for fal and a running service; ignores this machine's settings."""

import asyncio
import atexit
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from app import times
from app.database.address import Address
from app.database.client import Database
from app.jobs import snapshots
from app.settings import Settings
from app.storage import local_addresses, local_files
from app.telemetry import dependencies
from scripts.migrate import migrate
from tests.support.service import DATABASE_PATIENCE, Running, running, settings_for
from tests.support.stand_ins import fal_faults
from tests.support.stand_ins.fal import FalStandIn
from tests.support.webhooks import PUBLIC_URL

pytest_plugins = [
    "tests.support.leaks",
    "tests.support.memory",
    "tests.support.probing",
    "tests.support.servers",
    "tests.support.unraised",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-programs", action="store_true", help="count a skipped test as failed"
    )


def pytest_configure() -> None:
    """Let SIGINT end the processes that tests start: a shell's background job ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run two workers more than cores: tests often wait for processes and timers."""
    return len(os.sched_getaffinity(0)) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take long: no worker is left with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a parameter that is a fault of the stand-in by the fault's class."""
    is_fault = type(val).__module__ == fal_faults.__name__
    return type(val).__name__ if is_fault else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure that names what is missing, if programs are required."""
    report = yield
    if report.skipped and item.config.getoption("--require-programs"):
        report.outcome = "failed"
        report.longrepr = f"skipped: {call.excinfo.value if call.excinfo else ''}"
    return report


# The embedded engine needs a pause before the process ends: once, not after every test.
atexit.register(time.sleep, times.ENGINE_EXIT)
times.ENGINE_EXIT = 0.0


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        if name.upper() in os.environ:
            monkeypatch.delenv(name.upper())


@pytest.fixture(autouse=True)
def _dependencies_of_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "_up", dict.fromkeys(("storage", "fal"), True))


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated embedded store, closed, for tests to copy."""
    folder = tmp_path_factory.mktemp("migrated") / "surreal"

    async def migrated() -> None:
        address = Address(url=f"surrealkv://{folder}", namespace="video", database="video")
        async with Database(address, deadline=30) as database:
            await migrate(database)

    asyncio.run(migrated())
    return folder


@pytest.fixture
def store_url(migrated_folder: Path, tmp_path: Path) -> str:
    """The URL of a migrated embedded store that only this test uses."""
    shutil.copytree(migrated_folder, tmp_path / "surreal")
    return f"surrealkv://{tmp_path / 'surreal'}"


@pytest.fixture
def steady_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let local addresses stay the same for the whole test: they change every ten minutes."""
    expires = local_addresses.expiry_of_address(time.time())
    monkeypatch.setattr(local_files, "expiry_of_address", lambda _now: expires)


@pytest.fixture
def settings(
    store_url: str,
    tmp_path: Path,
    steady_addresses: None,  # noqa: ARG001 tests compare what the service answers
) -> Settings:
    return settings_for(store_url, tmp_path / "storage", fal_key=FalStandIn.key)


@pytest.fixture
def public_settings(settings: Settings) -> Settings:
    """Settings with which fal can call the webhook."""
    return settings.model_copy(update={"public_url": PUBLIC_URL})


@pytest.fixture
async def fal() -> AsyncIterator[FalStandIn]:
    """A stand-in for fal whose requests the test moves on."""
    async with FalStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def every_poll_asks_fal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each snapshot old at once, and let the sweep process jobs that are polled."""
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(snapshots, "WATCHED", 0.0)


@pytest.fixture
async def run(
    settings: Settings,
    fal: FalStandIn,
    every_poll_asks_fal: None,  # noqa: ARG001 it changes how the service runs
    request: pytest.FixtureRequest,
) -> AsyncIterator[Running]:
    """The service, which asks fal at every poll. It is audited when the test is over."""
    async with running(settings, fal) as service:
        service.service.database._deadline = DATABASE_PATIENCE
        yield service
        if "unaudited" not in request.keywords:
            await service.wait_for_background()
            assert await service.audit() == []
