"""Processes forked from one that has imported the service: the import is nine tenths of a start."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

_ROOT = Path(__file__).parents[2]


class Fork:
    """A forked process, with the part of ``subprocess.Popen``'s interface that tests use."""

    def __init__(self, pid: int, server: "ForkServer") -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._handle = os.pidfd_open(pid)  # stays that of this process when its id is used again

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        if self.returncode is None and self._has_ended_within(0):
            self._reap()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit status; a signal that killed it is a negative number.

        Raises:
            subprocess.TimeoutExpired: it still runs.

        """
        if self.returncode is None:
            if not self._has_ended_within(timeout):
                raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
            self._reap()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, signum)

    def _has_ended_within(self, seconds: float | None) -> bool:
        ends = select.poll()  # select() takes no file descriptor from 1024 on
        ends.register(self._handle, select.POLLIN)
        return bool(ends.poll(None if seconds is None else seconds * 1000))

    def _reap(self) -> None:
        self.returncode = self._server.ask(self.pid)
        os.close(self._handle)


class ForkServer:
    """The process that has imported the service, and forks itself for each program."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server"],
            cwd=_ROOT,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": str(_ROOT),
                "PYTHONWARNINGS": "default::ResourceWarning",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in a terminal is for pytest
        )

    def fork(self, **program: Any) -> Fork:
        """Run a program, described as the arguments of ``fork_server.become``."""
        return Fork(self.ask(program), self)

    def ask(self, request: object) -> int:
        """Return the answer to a request: a number."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        with self._turn:
            print(json.dumps(request), file=self._popen.stdin, flush=True)
            return int(self._popen.stdout.readline())

    def end(self) -> None:
        """Let it end; its forks go on."""
        self._popen.communicate()


@cache
def fork_server() -> ForkServer:
    """Return the one of this process, which runs until this process ends."""
    server = ForkServer()
    atexit.register(server.end)
    return server
