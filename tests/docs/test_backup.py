"""``scripts/backup.sh`` and ``scripts/restore.sh`` with real SurrealDB servers."""

import gzip
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import httpx
import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from app.database.address import Address
from app.database.client import Database
from tests.support.database import SurrealServer, connected, surreal_server
from tests.support.deployment import create_database, migrate_and_create_service_user
from tests.support.machine import Machine
from tests.support.process import PATIENCE, ROOT
from tests.support.programs import required

RCLONE = """#!/bin/sh
# Copies between folders that stand for remotes.
echo "$*" >> {folder}/rclone.log
test ! -e {folder}/remote-is-away || exit 1
if [ "$1" = copy ]; then
  from=$2 to={folder}/remotes/$(echo "$3" | tr : /)
  case $from in /*) ;; *) from={folder}/remotes/$(echo "$from" | tr : /) ;; esac
  mkdir -p "$to" && cp -R --no-clobber "$from/." "$to"
  if [ "${{4-}}" = --include ]; then find "$to" -type f ! -name "$5" -delete; fi
fi
"""
SLOW_EXPORT = """#!/bin/sh
echo begin >> {folder}/exports.log
echo "the first half"
sleep 1
echo "the second half"
echo end >> {folder}/exports.log
"""
DATE = """#!/bin/sh
# The time stands still while two backups ask for it.
echo asked >> {folder}/date.log
test "$(wc -l < {folder}/date.log)" -le 2 || exec {date} "$@"
echo 2026-01-01T010000Z
"""


class BackupMachine(Machine):
    """A machine whose remotes are folders, and which backs up into a folder."""

    def install(self, server: SurrealServer) -> None:
        super().install(server)
        self.add_program("rclone", RCLONE.format(folder=self.folder))

    def run(self, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.execute(ROOT / "scripts" / script, *arguments)

    def execute(self, *command: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, command)],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def started(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [ROOT / "scripts" / script],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "BACKUP_FOLDER": str(self.backups),
            "BACKUP_SETTINGS": str(self.folder / "service.env"),
            "BACKUP_OWN": str(self.folder / "backup.env"),
        }

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def newest(self) -> Path:
        return max(self.backups.glob("*.surql.gz"))


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Database]:
    """The guide's database in a server of its own."""
    with surreal_server(tmp_path / "first") as server:
        address = await create_database(server, name="video")
        async with connected(address) as database:
            await migrate_and_create_service_user(database)
            machine = BackupMachine(tmp_path)
            machine.install(server)
            (tmp_path / "remotes/r2/videos").mkdir(parents=True)
            (tmp_path / "remotes/r2/videos/video.mp4").write_text("a video")
            yield database


@pytest.fixture
def machine(root: Database, tmp_path: Path) -> BackupMachine:  # noqa: ARG001 it runs the server
    return BackupMachine(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SurrealServer]:
    with surreal_server(tmp_path / "other") as server:
        yield server


async def balance(address: Address) -> int:
    async with connected(address) as database:
        return int(await database.query("RETURN credit_account:ann.balance"))


def with_published_key(server: SurrealServer) -> httpx.Response:
    """Ask as the service, with a token signed by the key that an export shows."""
    claims = {"NS": "video", "DB": "video", "AC": "service", "ID": "service_user:⟨video-1⟩"}
    times = {"iat": int(time.time()) - 5, "exp": int(time.time()) + 60}
    with pytest.warns(InsecureKeyLengthWarning):
        token = jwt.encode(claims | times, "[REDACTED]", algorithm="HS512")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    url = f"http://127.0.0.1:{server.port}/sql"
    return httpx.post(url, headers=headers, content="RETURN $access", timeout=PATIENCE)


async def test_a_restored_server_has_everything_and_the_service_signs_in(
    machine: BackupMachine, root: Database, other: SurrealServer
) -> None:
    await root.call("credit::grant", "first", "ann", 100, 0)
    ended = machine.run("backup.sh")
    assert ended.returncode == 0, ended.stderr
    await root.call("credit::grant", "second", "ann", 1, 0)

    machine.install(other)
    ended = machine.run("restore.sh", machine.newest)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Every invariant holds." in ended.stdout
    restored = replace(other.address(), database="video")
    assert await balance(restored) == 100
    assert with_published_key(other).status_code == 401

    ended = machine.run("restore.sh", machine.newest)
    assert ended.returncode != 0
    assert "the database is not empty" in ended.stderr
    assert await balance(restored) == 100


async def test_an_older_release_restores_the_backup_that_was_made_before_a_migration(
    machine: BackupMachine, root: Database, other: SurrealServer
) -> None:
    newer = machine.folder / "newer"
    for part in ("app", "schema", "scripts"):
        copytree(ROOT / part, newer / part)
    (newer / "schema/013_newer.surql").write_text("DEFINE TABLE newer SCHEMAFULL;")
    migrate = ("as_migrator", "python", "-m", "scripts.migrate")
    await root.call("credit::grant", "first", "ann", 100, 0)
    assert machine.run("backup.sh").returncode == 0
    assert machine.execute(*migrate, cwd=newer).returncode == 0
    assert machine.execute(*migrate, "--check").returncode != 0  # this release does not start

    machine.install(other)
    ended = machine.run("restore.sh", machine.newest)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert machine.execute(*migrate, "--check").returncode == 0
    assert await balance(replace(other.address(), database="video")) == 100


async def test_a_backup_leaves_the_machine_with_bucket_and_settings(machine: BackupMachine) -> None:
    assert machine.run("backup.sh").returncode == 0
    remote = machine.folder / "remotes/backup"
    assert (remote / "videos/video.mp4").read_text() == "a video"
    kinds = {"".join(path.suffixes) for path in (remote / "database").iterdir()}
    assert kinds == {".surql.gz", ".settings.tar.gz"}
    assert {oct(path.stat().st_mode)[-3:] for path in machine.backups.iterdir()} == {"600"}


async def test_a_backup_has_the_operators_own_settings_and_names_its_file(
    machine: BackupMachine,
) -> None:
    elsewhere = machine.folder / "elsewhere"
    (machine.folder / "backup.env").write_text(f"BACKUP_FOLDER={elsewhere}\nBACKUP_REMOTE=own:\n")
    ended = machine.run("backup.sh")
    assert ended.returncode == 0, ended.stderr
    assert [ended.stdout.strip()] == [str(path) for path in elsewhere.glob("*.surql.gz")]
    assert (machine.folder / "remotes/own/videos/video.mp4").exists()


async def test_of_two_backups_at_once_one_waits_and_both_are_whole(machine: BackupMachine) -> None:
    machine.add_program("surreal", SLOW_EXPORT.format(folder=machine.folder))
    with machine.started("backup.sh") as first, machine.started("backup.sh") as second:
        said = [each.communicate() for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    made = list(machine.backups.glob("*.surql.gz"))
    assert {output.strip() for output, _ in said} == {*map(str, made)}
    whole = b"the first half\nthe second half\n"
    assert [gzip.decompress(path.read_bytes()) for path in made] == [whole] * 2
    assert (machine.folder / "exports.log").read_text().split() == ["begin", "end"] * 2
    assert sum("another backup is under way" in errors for _, errors in said) == 1


async def test_a_backup_does_not_replace_one_of_the_same_second(machine: BackupMachine) -> None:
    machine.add_program("date", DATE.format(folder=machine.folder, date=required("date")))
    names = [machine.run("backup.sh").stdout.strip() for _ in range(2)]
    assert len(set(names)) == 2
    assert {str(path) for path in machine.backups.glob("*.surql.gz")} == set(names)


async def test_a_damaged_backup_is_refused_before_anything_is_written(
    machine: BackupMachine, other: SurrealServer
) -> None:
    assert machine.run("backup.sh").returncode == 0
    damaged = machine.folder / "damaged.surql.gz"
    damaged.write_bytes(machine.newest.read_bytes()[:-20])
    machine.install(other)
    assert machine.run("restore.sh", damaged).returncode != 0
    async with connected(other.address()) as database:
        namespaces = (await database.query("INFO FOR ROOT"))["namespaces"]
        assert "DEFINE DATABASE" not in str(namespaces)
    assert machine.run("restore.sh", machine.newest).returncode == 0


async def test_a_failure_is_reported_and_deletes_no_old_backup(machine: BackupMachine) -> None:
    machine.backups.mkdir()
    old = machine.backups / "2020-01-01T050000Z.surql.gz"
    old.write_bytes(gzip.compress(b"old"))
    os.utime(old, (0, 0))
    (machine.folder / "remote-is-away").touch()
    assert machine.run("backup.sh").returncode != 0
    assert old.exists()
    (machine.folder / "remote-is-away").unlink()
    assert machine.run("backup.sh").returncode == 0
    assert not old.exists()

    (machine.folder / "root.env").write_text("SURREAL_URL=ws://127.0.0.1:9\n")
    before = sorted(machine.backups.glob("*.surql.gz"))
    assert machine.run("backup.sh").returncode != 0
    assert sorted(machine.backups.glob("*.surql.gz")) == before
