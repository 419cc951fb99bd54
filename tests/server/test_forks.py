"""The processes that tests fork."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.process import ON_LINUX, forked

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="forks on Linux only")
MOST_OF_SELECT = 1024
"""``select`` takes no file descriptor beyond this."""


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """Have as many files open as the embedded engine opens in /proc of a busy machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * MOST_OF_SELECT), hard))
    with ExitStack() as files:
        for _ in range(MOST_OF_SELECT):
            files.enter_context(Path(os.devnull).open())
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_open_files")
def test_a_fork_is_waited_for_beside_many_open_files(tmp_path: Path) -> None:
    with forked(tmp_path, "scripts.migrate", "--help") as process:
        assert process.exit_status() == 0
        assert "usage: migrate" in process.stdout


def test_a_fork_that_is_killed_has_the_status_of_the_signal(tmp_path: Path, store_url: str) -> None:
    with forked(tmp_path, "app", SURREAL_URL=store_url) as process:
        process.until_ready()
        assert process.popen.poll() is None
        assert process.stop(signal.SIGKILL) == -signal.SIGKILL
        assert process.popen.poll() == -signal.SIGKILL
