"""Fixtures: a browser, running services, and a console that must have no errors.

Playwright's synchronous API runs its own event loop in the thread, so these tests are plain
functions, and the browser is closed at the end of each module.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import launched
from tests.browser.console import Console
from tests.browser.editor_page import EditorPage
from tests.browser.fal import DrivenFal
from tests.browser.library import Owner
from tests.browser.server import Server
from tests.support.process import PATIENCE
from tests.support.service import PATIENT_ENVIRONMENT, UNLIMITED_ENVIRONMENT
from tests.support.tokens import SECRET, bearer


def driven_server(folder: Path, fal: DrivenFal, **settings: str) -> Server:
    """Return a service with users, whose fal the test controls."""
    environment = UNLIMITED_ENVIRONMENT | PATIENT_ENVIRONMENT | fal.settings
    environment |= {"AUTH_JWT_SECRET": SECRET} | settings
    return Server(folder, "tests.support.serve", **environment)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def console() -> Iterator[Console]:
    """The pages' console; an unexpected error or warning fails the test at its end."""
    console = Console()
    yield console
    assert console.unexpected == []


@pytest.fixture
def context(chromium: Browser, console: Console) -> Iterator[BrowserContext]:
    """A browser profile of the test's own.

    Its user prefers little motion: nine previews that play cost more than all the rest.
    """
    with chromium.new_context(reduced_motion="reduce") as context:
        console.listen(context)
        yield context


@pytest.fixture
def moving_context(chromium: Browser, console: Console) -> Iterator[BrowserContext]:
    """A profile whose user has no preference about motion."""
    with chromium.new_context(reduced_motion="no-preference") as context:
        console.listen(context)
        yield context


@pytest.fixture(scope="module")
def new_home(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that creates a folder with a migrated database for one service."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("home")
        shutil.copytree(migrated_folder, folder / "surreal")
        return folder

    return make


@pytest.fixture(scope="module")
def service(new_home: Callable[[], Path]) -> Iterator[Server]:
    """The service of ``make run``: one development user, and local fal."""
    with Server(new_home(), "app", **UNLIMITED_ENVIRONMENT) as server:
        yield server


@pytest.fixture(scope="module")
def fal() -> Iterator[DrivenFal]:
    """A fal whose jobs the test controls."""
    with DrivenFal() as fal:
        yield fal


@pytest.fixture(scope="module")
def driven(new_home: Callable[[], Path], fal: DrivenFal) -> Iterator[Server]:
    """A service with users, whose fal the test controls."""
    with driven_server(new_home(), fal) as server:
        yield server


@pytest.fixture
def owner_of(driven: Server, fal: DrivenFal) -> Iterator[Callable[[str], Owner]]:
    """Return a function that signs a user in."""
    with ExitStack() as clients:

        def sign_in(user: str) -> Owner:
            client = httpx.Client(
                base_url=driven.url, headers=bearer(user), trust_env=False, timeout=PATIENCE
            )
            return Owner(clients.enter_context(client), driven, fal, user)

        yield sign_in


@pytest.fixture
def editor(context: BrowserContext, service: Server) -> EditorPage:
    return EditorPage(context, service)


@pytest.fixture
def phone(chromium: Browser, console: Console, service: Server) -> Iterator[EditorPage]:
    viewport = {"width": 390, "height": 500}
    with chromium.new_context(viewport=viewport, has_touch=True, is_mobile=True) as context:  # type: ignore[arg-type]  # the stubs want their own TypedDict
        console.listen(context)
        yield EditorPage(context, service)
