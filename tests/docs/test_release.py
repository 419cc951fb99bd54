"""``scripts/release.sh``: a step that fails leaves what runs as it is, and a repeat finishes."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.process import ROOT
from tests.support.programs import required

SCRIPT = ROOT / "scripts/release.sh"
STUB = """#!/bin/sh
line="$(basename "$0") $*"
case "$line" in curl* | *list-units*) ;; *) echo "$line" >> "$LOG" ;; esac
[ "$line" != "$FAILING" ] || exit 1
"""
UNITS = """
for port in 8000 8010; do echo "video-generation@$port.service loaded active running Video"; done
"""
SYSTEMCTL = f"""
case "$line" in
*list-units*) {UNITS.strip()} ;;
*) touch "$READY/${{2#video-generation@}}" ;;
esac
"""
CURL = """
port=${line##*127.0.0.1:}
test -e "$READY/${port%/readyz}" && [ "${port%/readyz}" != "$NEVER_READY" ]
"""
MAKEFILE = "install-production:\n\t@as_installer\n"
INSTALL = "as_installer "
DRY_RUN = "as_migrator .venv/bin/python -m scripts.migrate --dry-run"
BACKUP = "video-generation-backup "
MIGRATE = "as_migrator .venv/bin/python -m scripts.migrate"
RESTARTS = ["systemctl restart video-generation@8000", "systemctl restart video-generation@8010"]
CHECK = "as_migrator .venv/bin/python -m scripts.migrate --check"
STEPS = [INSTALL, DRY_RUN, BACKUP, MIGRATE, *RESTARTS, CHECK]


@dataclass
class Machine:
    """A machine of the guide in a folder, with programs that only write down their calls."""

    home: Path

    def release(self, *arguments: str, failing: str = "nothing", never_ready: str = "") -> int:
        """Run the script and return its exit status."""
        self._log.unlink(missing_ok=True)
        self._log.touch()
        environment = {
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "RELEASE_HOME": str(self.home),
            "RELEASE_TRIES": "1",
            "RELEASE_FREE_KB": "0",
            "LOG": str(self._log),
            "READY": str(self.home / "ready"),
            "FAILING": failing,
            "NEVER_READY": never_ready,
        }
        ended = subprocess.run(
            [SCRIPT, *arguments], env=environment, check=False, text=True, stderr=subprocess.PIPE
        )
        self.stderr = ended.stderr
        return ended.returncode

    @property
    def steps(self) -> list[str]:
        return self._log.read_text().splitlines()

    @property
    def current(self) -> str:
        return (self.home / "current").resolve().name

    def commit(self, message: str) -> str:
        """Add a commit to the origin and return the name of its release."""
        git = (
            required("git"),
            "-C",
            self.home / "origin",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
        )
        subprocess.run([git[0], "init", "--quiet", self.home / "origin"], check=True)
        (self.home / "origin/Makefile").write_text(MAKEFILE)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", message], check=True)
        named = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True)
        return named.strip()

    @property
    def _log(self) -> Path:
        return self.home / "log"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which the first release runs, on two ports."""
    for needed in ("bash", "git", "flock", "make"):
        required(needed)
    for folder in ("bin", "ready", "releases"):
        (tmp_path / folder).mkdir()
    behaviour = {"systemctl": SYSTEMCTL, "curl": CURL}
    for name in ("systemctl", "curl", "as_migrator", "as_installer", "video-generation-backup"):
        (program := tmp_path / "bin" / name).write_text(STUB + behaviour.get(name, ""))
        program.chmod(0o755)
    machine = Machine(tmp_path)
    machine.commit("first")
    origin, source = tmp_path / "origin", tmp_path / "source"
    subprocess.run([required("git"), "clone", "--quiet", origin, source], check=True)
    assert machine.release("--install", "HEAD") == 0
    for port in ("8000", "8010"):
        (tmp_path / "ready" / port).touch()
    return machine


def test_a_release_takes_every_step_in_its_order(machine: Machine) -> None:
    new = machine.commit("second")
    assert machine.release(new) == 0, machine.stderr
    assert machine.steps == STEPS
    assert machine.current == new
    assert (machine.home / "current/.release").read_text() == f"{new}\n"


@pytest.mark.parametrize("failing", STEPS[:4], ids=["install", "dry run", "backup", "migrate"])
def test_a_step_that_fails_ends_the_release_before_anything_is_replaced(
    machine: Machine, failing: str
) -> None:
    old, new = machine.current, machine.commit("second")
    assert machine.release(new, failing=failing) != 0
    assert machine.steps == STEPS[: STEPS.index(failing) + 1]
    assert machine.current == old
    assert machine.release(new) == 0
    assert machine.current == new


def test_an_instance_that_is_not_ready_ends_the_release_while_the_other_serves(
    machine: Machine,
) -> None:
    new = machine.commit("second")
    assert machine.release(new, never_ready="8010") != 0
    assert machine.steps[-1] == RESTARTS[1]
    assert "journalctl -u video-generation@8010" in machine.stderr


def test_the_instance_that_does_not_serve_is_restarted_first(machine: Machine) -> None:
    (machine.home / "ready/8010").unlink()
    assert machine.release("--restart") == 0
    assert machine.steps == RESTARTS[::-1]


def test_an_instance_that_never_becomes_ready_keeps_the_other_one_running(machine: Machine) -> None:
    assert machine.release("--restart", never_ready="8010") != 0
    assert machine.steps == [RESTARTS[1]]


def test_an_unknown_commit_and_wrong_arguments_change_nothing(machine: Machine) -> None:
    for arguments in (["no-such-commit"], [], ["--unknown"], ["HEAD", "HEAD"]):
        assert machine.release(*arguments) != 0
        assert machine.steps == []


def test_a_release_does_not_start_while_another_is_under_way(machine: Machine) -> None:
    with subprocess.Popen(
        [required("flock"), machine.home / ".release.lock", "sh", "-c", "echo locked; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"locked\n"
        assert machine.release("--restart") != 0
        assert "another release is under way" in machine.stderr
        other.communicate(b"\n")
    assert machine.release("--restart") == 0


def test_a_command_of_an_operator_adds_no_tools_of_development_to_a_release(tmp_path: Path) -> None:
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    planned = [required("make"), "--dry-run", "audit"]
    assert "--requirement constraints.txt" in subprocess.check_output(
        planned, cwd=tmp_path, text=True
    )
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/.installed-production").touch()
    commands = subprocess.check_output(planned, cwd=tmp_path, text=True)
    assert "scripts.audit" in commands
    assert "pip install" not in commands
