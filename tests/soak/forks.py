"""Processes of the service, forked from one that has already imported it.

The import is nine tenths of a start, and these tests start processes hundreds of times.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.support.leaks import record_output
from tests.support.process import ROOT
from tests.support.sockets import free_port


class Fork:
    """A process of the service, with a process group of its own."""

    def __init__(self, pid: int, url: str, err: Path) -> None:
        self.url = url
        self._pid = pid
        self._err = err
        self._handle = os.pidfd_open(pid)  # stays that of this process when its id is used again

    @property
    def stderr(self) -> str:
        return self._err.read_text()

    @property
    def has_ended(self) -> bool:
        return bool(select.select([self._handle], [], [], 0)[0])

    def kill(self) -> None:
        """Kill it and its children, and wait until it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        select.select([self._handle], [], [])

    def close(self) -> None:
        os.close(self._handle)


class Forker:
    """Forks processes of the service."""

    def __init__(self, folder: Path, popen: "subprocess.Popen[str]") -> None:
        self._folder = folder
        self._popen = popen

    @contextmanager
    def started(self, settings: Mapping[str, str]) -> Iterator[Fork]:
        """Run the service with ``settings`` and what it needs of this process's environment."""
        port = str(free_port())
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self._folder), "PORT": port}
        with NamedTemporaryFile(dir=self._folder, prefix="stderr-") as err:
            assert self._popen.stdin is not None
            assert self._popen.stdout is not None
            print(json.dumps([err.name, environment | dict(settings)]), file=self._popen.stdin)
            self._popen.stdin.flush()
            pid = int(self._popen.stdout.readline())
            fork = Fork(pid, f"http://127.0.0.1:{port}", Path(err.name))
            try:
                yield fork
            finally:
                fork.kill()
                fork.close()
                record_output(fork.stderr)


@contextmanager
def forker(folder: Path) -> Iterator[Forker]:
    """Run a process that forks the service; the logs are in ``folder``."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.fork_server"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        yield Forker(folder, popen)
