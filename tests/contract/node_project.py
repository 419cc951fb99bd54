"""A project with packages from npm, and the programs that they bring."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

import httpx
import pytest

from tests.support.leaks import record_output
from tests.support.process import PATIENCE, ROOT, Process

PACKAGE = ROOT / "app" / "web"
TIMEOUT = 600.0
"""Seconds for one program: an installation fills an empty cache."""
STRICT = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": False,
        "target": "ES2022",
        "lib": ["ES2022", "DOM", "DOM.Iterable"],
        "module": "ESNext",
        "moduleResolution": "bundler",
        "jsx": "react-jsx",
        "types": [],
    }
}


class NodeProject:
    """A folder with a ``package.json`` in which npm and its packages run."""

    def __init__(self, folder: Path) -> None:
        """Create the project, or skip the test if npm is missing."""
        if not shutil.which("npm"):
            pytest.skip("install Node.js 20 or newer with npm")
        self.folder = folder
        self.write({"package.json": json.dumps({"private": True, "type": "module"})})

    def write(self, files: Mapping[str, str]) -> None:
        """Write files by their paths."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    def install(self, *packages: str) -> None:
        """Install packages, from npm's cache if they are there."""
        quiet = ("--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
        self.run("npm", "install", *quiet, *packages)

    def install_client(self, *others: str) -> None:
        """Pack ``app/web``, and install the tarball with other packages."""
        packed = self.run("npm", "pack", "--json", "--pack-destination", ".", str(PACKAGE))
        self.install(f"./{json.loads(packed)[0]['filename']}", *others)

    def run(self, program: str, *arguments: str, **environment: str) -> str:
        """Run a program of the system or of an installed package; return its output."""
        done = subprocess.run(
            [self._path_of(program), *arguments],
            cwd=self.folder,
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        record_output(done.stdout + done.stderr)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def served(self, url: str, program: str, *arguments: str, **environment: str) -> Iterator[None]:
        """Run a program that serves ``url``; it is killed at the end."""
        log = self.folder / "served.log"
        with log.open("w") as output:
            popen = subprocess.Popen(
                [self._path_of(program), *arguments],
                cwd=self.folder,
                env=_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            Process(popen, log, log, url).until(lambda: _answers(url))
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(popen.pid, SIGKILL)
            popen.wait()
            record_output(log.read_text())

    def _path_of(self, program: str) -> str:
        installed = self.folder / "node_modules" / ".bin" / program
        return str(installed) if installed.exists() else program


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "NEXT_TELEMETRY_DISABLED": "1", **own}


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=PATIENCE).is_success
    return False
