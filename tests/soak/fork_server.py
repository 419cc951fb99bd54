"""``python -m tests.soak.fork_server``: forks a process of the service for each line of input."""

# Processes that probe videos import this file when they start, so it imports little.
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED = "app.main", "app.server.process", "tests.support.stand_ins.fal_hosts"
"""What ``tests.support.serve`` imports, once for all forks."""


def main() -> None:
    """Fork a process for each line of standard input."""
    for module in IMPORTED:
        import_module(module)
    from tests.support.serve import serve  # noqa: PLC0415

    for line in sys.stdin:
        reap()
        err, environment = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become_service(err, environment)
            os._exit(serve())
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def reap() -> None:
    """Forget forks that have ended; by the next line, the asker has a handle of each."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def become_service(err: str, environment: dict[str, str]) -> None:
    """Take on what a new process of the service would have."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment, PYTHONPATH=str(ROOT))
    null, log = os.open(os.devnull, os.O_RDONLY), os.open(err, os.O_WRONLY | os.O_APPEND)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
