"""A service in a process that can be killed and restarted on the same port."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.process import Process, forked
from tests.support.sockets import free_port


class Server:
    """Runs ``python -m module`` in ``folder`` as a context manager; it is ready when entered."""

    def __init__(self, folder: Path, module: str, **environment: str) -> None:
        self._folder = folder
        self._module = module
        self._port = str(free_port())
        self._environment = {"PORT": self._port} | environment
        self._life = ExitStack()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        process = self._life.enter_context(forked(self._folder, self._module, **self._environment))
        process.url = self.url
        process.until_ready()
        self._process: Process = process

    def kill(self) -> None:
        """Kill the process."""
        self._life.close()
