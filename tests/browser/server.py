"""A service as a process that can be killed and started again at the same address."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.process import Process, started
from tests.support.sockets import free_port


class Server:
    """``python -m module`` in ``folder``, ready to be asked while it is entered."""

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
        """Start it, and wait until it is ready."""
        process = self._life.enter_context(started(self._folder, self._module, **self._environment))
        process.url = self.url
        process.until_ready()
        self._process: Process = process

    def kill(self) -> None:
        """End it without a warning."""
        self._life.close()
