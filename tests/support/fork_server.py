"""``python -m tests.support.fork_server``: forks itself for each program that it reads.

A line of its input describes a program, and the answer is the id of its process; or it is the id
of a process that has ended, and the answer is its exit status.
"""

import gc
import json
import os
import runpy
import sys
from importlib import import_module

IMPORTED = (
    "app.main",
    "app.server.process",
    "app.database.drift",
    "scripts.support.command",
    "tests.support.stand_ins.fal_hosts",
)
"""What the programs import, once for all forks."""


def main() -> None:
    """Answer each line of the input; a fork runs its program instead."""
    for module in IMPORTED:
        import_module(module)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy all that they share
    for line in sys.stdin:
        match json.loads(line):
            case int(pid):
                answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            case program:
                if os.fork() == 0:
                    become(**program)
                    return


def answer(number: int) -> None:
    """Print a line of output."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def become(
    module: str, arguments: list[str], environment: dict[str, str], folder: str, out: str, err: str
) -> None:
    """Become ``python -m module`` in a session of its own, and run it to its end."""
    os.setsid()
    answer(os.getpid())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(out, os.O_WRONLY | os.O_APPEND), 1)
    os.dup2(os.open(err, os.O_WRONLY | os.O_APPEND), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = folder
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
