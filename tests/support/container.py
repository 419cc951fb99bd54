"""Builds the container image without a container engine: runs the Dockerfile's last stage."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.process import ROOT

IS_ROOT = os.geteuid() == 0
READING = "+dac_read_search"
"""The one extra capability of a process: the interpreter may be in another user's home."""


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage, as names and arguments."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, text.replace("\\\n", " ").splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        elif found:
            found[-1].append((name, rest.strip()))
    return found


@dataclass
class Image:
    """The result of the last stage, with ``root`` in place of ``/``.

    The stage before it would download every package, so the packages of the test run replace its
    result.
    """

    root: Path
    folder: Path = Path()
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    stop: signal.Signals = signal.SIGKILL
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Run the instructions."""
        for name, rest in stages()[-1]:
            if name not in {"EXPOSE", "VOLUME"}:
                getattr(self, f"_{name.lower()}")(rest)
        for path in (self.folder, *self.folder.glob("*")):
            if path.name not in {"data", ".venv"}:  # the test's user may be the image's
                path.chmod(0o555)

    def start(self, command: list[str], **given: str) -> subprocess.Popen[bytes]:
        """Start a command as the image's user, with the image's environment and ``given``."""
        user, _, group = self.user.partition(":")
        switch_user = [
            *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"),
            *(f"--inh-caps={READING}", f"--ambient-caps={READING}"),
            f"--bounding-set=-all,{READING}",
        ]
        with self.stderr.open("ab") as stderr:
            return subprocess.Popen(
                [*(switch_user if IS_ROOT else []), *command],
                cwd=self.folder,
                env=self.environment | given,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def stderr(self) -> Path:
        """The error output of its processes."""
        return self.root / "stderr"

    @property
    def content(self) -> set[Path]:
        """Its files, without packages and data."""
        files = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return {path for path in files if path.parts[0] not in {".venv", "data"}}

    def _workdir(self, rest: str) -> None:
        self.folder = self.root / rest.lstrip("/")
        self.folder.mkdir()

    def _env(self, rest: str) -> None:
        for assignment in shlex.split(rest):
            name, _, value = assignment.partition("=")
            value = value.replace("/service/", f"{self.folder}/")
            self.environment[name] = value.replace("$PATH", os.environ["PATH"])

    def _copy(self, rest: str) -> None:
        *sources, target = shlex.split(rest)
        if sources[0].startswith("--from="):
            (self.folder / target).symlink_to(sys.prefix)
            return
        sent = (ROOT / ".dockerignore").read_text().splitlines()
        for source in sources:
            assert f"!{source.partition('/')[0]}" in sent, f"{source} is ignored"
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, self.folder / target, ignore=ignored)
            else:
                (self.folder / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, self.folder / target)

    def _run(self, rest: str) -> None:
        if not IS_ROOT:  # only root can change owners
            rest = re.sub(r"--(owner|group)=\d+", "", rest)
        subprocess.run(rest, shell=True, cwd=self.folder, check=True)  # noqa: S602 the Dockerfile's

    def _user(self, rest: str) -> None:
        self.user = rest

    def _stopsignal(self, rest: str) -> None:
        self.stop = signal.Signals[rest]

    def _healthcheck(self, rest: str) -> None:
        self.health = json.loads(rest.partition("CMD ")[2])

    def _cmd(self, rest: str) -> None:
        self.command = json.loads(rest)
