"""The project's programs as processes, each with an environment and a process group of its own."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from tempfile import NamedTemporaryFile

import httpx

from tests.support.forks import Fork, fork_server
from tests.support.leaks import record_output
from tests.support.sockets import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 100.0
"""Seconds to wait for a process, less than a test may take; even a busy machine needs less."""
UNSHARED = httpx.Limits(max_keepalive_connections=0)
"""Of a client: the service closes a connection that is idle for 5 seconds, and so does httpx. A
request that is sent on it just then is lost."""
MEBIBYTE = 1024 * 1024
ON_LINUX = Path("/proc/self/stat").exists()


@dataclass
class Process:
    """A running program, and its output so far."""

    popen: subprocess.Popen[bytes] | Fork
    out: Path
    err: Path
    url: str

    @property
    def stdout(self) -> str:
        return self.out.read_text()

    @property
    def stderr(self) -> str:
        return self.err.read_text()

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait until ``happened`` is true; the process must go on running."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert self.popen.poll() is None, f"ended with {self.popen.returncode}: {self.stderr}"
            assert time.monotonic() < deadline, f"it does not happen in {PATIENCE} s: {self.stderr}"
            time.sleep(0.005)

    def until_ready(self) -> None:
        """Wait until a service answers /readyz."""
        self.until(self.is_ready)

    def wait_for_stderr(self, words: str) -> None:
        """Wait for ``words`` on standard error."""
        self.until(lambda: words in self.stderr)

    def exit_status(self) -> int:
        """Wait for its exit status; a signal that killed it is a negative number."""
        return self.popen.wait(PATIENCE)

    def stop(self, signum: signal.Signals) -> int:
        """Send a signal and wait for the exit status."""
        self.popen.send_signal(signum)
        return self.exit_status()

    def interrupt(self) -> int:
        """Send SIGINT to its process group, as a terminal does at Ctrl-C, and wait."""
        os.killpg(self.popen.pid, signal.SIGINT)
        return self.exit_status()

    def kill(self) -> None:
        """Kill its process group with SIGKILL, and wait until it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def group_members(self) -> set[int]:
        """Return the other processes of its group (Linux only)."""
        return group(self.popen.pid) - {self.popen.pid}

    def memory(self) -> float:
        """Return what it and its children hold, in MiB (Linux only)."""
        pages, left = 0, [self.popen.pid]
        while left:
            own = Path("/proc", str(left.pop()))
            with suppress(OSError):  # it ended just now
                pages += int((own / "statm").read_text().split()[1])
                for children in own.glob("task/*/children"):
                    left += map(int, children.read_text().split())
        return pages * resource.getpagesize() / MEBIBYTE

    def is_ready(self) -> bool:
        """Ask /readyz with http.client, whose own start takes the least time."""
        line = HTTPConnection(self.url.removeprefix("http://"), timeout=PATIENCE)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            line.close()


@contextmanager
def started(folder: Path, module: str, *arguments: str, **environment: str) -> Iterator[Process]:
    """Run ``python -m module`` in ``folder``; at the end its process group is killed."""

    def start(own: dict[str, str], out: str, err: str) -> subprocess.Popen[bytes]:
        with Path(out).open("ab") as to_out, Path(err).open("ab") as to_err:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=to_out,
                stderr=to_err,
                start_new_session=True,
            )

    with _running(folder, environment, start) as process:
        yield process


@contextmanager
def forked(folder: Path, module: str, *arguments: str, **environment: str) -> Iterator[Process]:
    """Run a program of the project like ``started``, without the time for its imports."""

    def start(own: dict[str, str], out: str, err: str) -> Fork:
        return fork_server().fork(
            module=module,
            arguments=arguments,
            environment=own,
            folder=str(folder),
            out=out,
            err=err,
        )

    if not ON_LINUX:
        with started(folder, module, *arguments, **environment) as process:
            yield process
        return
    with _running(folder, environment, start) as process:
        yield process


@contextmanager
def _running(
    folder: Path,
    environment: dict[str, str],
    start: Callable[[dict[str, str], str, str], subprocess.Popen[bytes] | Fork],
) -> Iterator[Process]:
    port = str(free_port())
    own = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default::ResourceWarning",
        "TMPDIR": str(folder),
        "PORT": port,
        "SURREAL_URL": f"surrealkv://{folder / 'surreal'}",
        "STORAGE_DIR": str(folder / "storage"),
    }
    with (
        NamedTemporaryFile(dir=folder, prefix="stdout-") as out,
        NamedTemporaryFile(dir=folder, prefix="stderr-") as err,
    ):
        url = f"http://127.0.0.1:{port}"
        popen = start(own | environment, out.name, err.name)
        process = Process(popen, Path(out.name), Path(err.name), url)
        try:
            yield process
        finally:
            process.kill()
            record_output(process.stdout + process.stderr)


def group(leader: int) -> set[int]:
    """Return the processes of a group that are alive, see proc(5)."""
    members = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended just now
            pid, _, rest = stat.read_text().partition(" ")
            state, _parent, its_group, *_ = rest.rpartition(")")[2].split()
            if int(its_group) == leader and state != "Z":
                members.add(int(pid))
    return members
