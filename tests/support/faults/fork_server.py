"""Runs short programs quickly: each is forked from a process that has imported everything.

``python -m tests.support.faults.fork_server`` reads one program a line from its input, runs it,
and prints its exit status.
"""

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.support.leaks import record_output
from tests.support.process import ROOT

PATIENCE = 60
"""Seconds that one program may run before it is killed."""


class ForkServer:
    """Runs programs through the forking process."""

    def __init__(self, parent: "subprocess.Popen[str]") -> None:
        self._parent = parent

    def run(
        self, folder: Path, module: str, *arguments: str, **environment: str
    ) -> tuple[int, str]:
        """Run ``python -m module`` in ``folder`` to its end; return its status and its output."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        environment = {"PATH": os.environ.get("PATH", os.defpath), **environment}
        with NamedTemporaryFile(dir=folder) as output:
            program = [str(folder), output.name, module, arguments, environment]
            print(json.dumps(program), file=self._parent.stdin, flush=True)
            status = int(self._parent.stdout.readline())
            text = Path(output.name).read_text()
            record_output(text)
            return status, text


@contextmanager
def fork_server() -> Iterator[ForkServer]:
    """Start the process that imports everything once; end it afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.faults.fork_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        yield ForkServer(parent)
        parent.communicate()


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run_as_child(*json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 the protocol


def _run_as_child(
    folder: str, output_path: str, module: str, arguments: list[str], environment: dict[str, str]
) -> None:
    signal.alarm(PATIENCE)
    output = os.open(output_path, os.O_WRONLY)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for each in ("app.main", "app.server.process", "app.database.drift", "scripts.support.command"):
        importlib.import_module(each)
    _serve()
