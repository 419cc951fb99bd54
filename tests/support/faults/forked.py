"""Programs that end at once, started by dozens: forked from a process that has imported it all.

``python -m tests.support.faults.forked`` reads a program from each line, runs it, and answers its
status.
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
"""Seconds after which a program that does not end is ended."""


class Forkery:
    """Starts programs."""

    def __init__(self, parent: "subprocess.Popen[str]") -> None:
        self._parent = parent

    def run(
        self, folder: Path, module: str, *arguments: str, **environment: str
    ) -> tuple[int, str]:
        """Run ``python -m module`` in ``folder`` to its end; return its status and all it said."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        environment = {"PATH": os.environ.get("PATH", os.defpath), **environment}
        with NamedTemporaryFile(dir=folder) as said:
            program = [str(folder), said.name, module, arguments, environment]
            print(json.dumps(program), file=self._parent.stdin, flush=True)
            status = int(self._parent.stdout.readline())
            told = Path(said.name).read_text()
            record_output(told)
            return status, told


@contextmanager
def forkery() -> Iterator[Forkery]:
    """Import once, and end in the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.faults.forked"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        yield Forkery(parent)
        parent.communicate()


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(*json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 the answer


def _become(
    folder: str, said: str, module: str, arguments: list[str], environment: dict[str, str]
) -> None:
    signal.alarm(PATIENCE)
    output = os.open(said, os.O_WRONLY)
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
