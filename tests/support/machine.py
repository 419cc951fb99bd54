"""A machine of ``docs/deploy.md`` in a folder: its files of settings and the commands on it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.database import SurrealServer
from tests.support.deployment import PASSWORD
from tests.support.process import ROOT
from tests.support.tokens import ROOT_PASSWORD

AS = """#!/bin/sh
set -a && . {file} && exec "$@"
"""


@dataclass
class Machine:
    """The commands of the guide, with files of settings that name one server."""

    folder: Path

    def install(self, server: SurrealServer) -> None:
        """Write the files and the programs ``as_root``, ``as_migrator`` and ``as_service``."""
        address = f"SURREAL_URL=ws://127.0.0.1:{server.port}\n"
        own = f"SURREAL_NAMESPACE=video\nSURREAL_DATABASE=video\nSURREAL_PASSWORD={PASSWORD}\n"
        storage = f"STORAGE_DIR={self.folder}/storage\n"
        (self.folder / "bin").mkdir(exist_ok=True)
        for who, text in {
            "root": f"{address}SURREAL_USER=root\nSURREAL_PASS={ROOT_PASSWORD}\n",
            "migrator": f"{address}{own}SURREAL_USER=migrator\nSURREAL_USER_LEVEL=database\n",
            "service": f"{address}{own}{storage}SURREAL_USER=video-1\nSURREAL_USER_LEVEL=record\n",
        }.items():
            (self.folder / f"{who}.env").write_text(text)
            self.add_program(f"as_{who}", AS.format(file=self.folder / f"{who}.env"))

    def add_program(self, name: str, text: str) -> None:
        """Put a program on the machine's PATH."""
        (self.folder / "bin" / name).write_text(text)
        (self.folder / "bin" / name).chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables for a command on this machine."""
        path = f"{self.folder / 'bin'}:{ROOT / 'docs'}:{Path(sys.executable).parent}"
        return os.environ | {"PATH": f"{path}:{os.environ['PATH']}"}
