"""Migrations on a server: concurrent runners, and the messages of a script that fails."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import pytest
import surrealdb.connections.async_ws

from app.database import migrations, schema
from app.database.errors import MigrationFailed
from app.database.migrations import MigrationOutcome
from app.problems import DatabaseUnavailable
from scripts.migrate import check, migrate
from tests.support.database import SurrealServer, connected, embedded, migrated
from tests.support.legacy import legacy_row, make_legacy
from tests.support.scripts import ScriptResult, run_script

RUNNERS = 8


async def test_eight_connections_apply_each_file_once(server: SurrealServer) -> None:
    address = server.address()

    async def apply_all() -> list[tuple[str, MigrationOutcome]]:
        async with connected(address) as database:
            return [(file.name, await migrations.apply(database, file)) for file in schema.load()]

    everyone = await asyncio.gather(*(apply_all() for _ in range(RUNNERS)))
    applied = Counter(
        name
        for outcomes in everyone
        for name, outcome in outcomes
        if outcome is MigrationOutcome.APPLIED
    )
    assert applied == Counter(file.name for file in schema.load())
    async with connected(address) as database:
        assert await check(database) == 0


async def test_eight_processes_succeed_and_apply_each_file_once(
    server: SurrealServer,
) -> None:
    address = server.address()
    async with connected(address) as database:
        await make_legacy(database, legacy_row("one"))
    runs = await asyncio.gather(*(run_script("migrate", address=address) for _ in range(RUNNERS)))
    target = f"At {address.url}, {address.place}:\n"
    assert [(run.status, run.err) for run in runs] == [(0, target)] * RUNNERS
    lines = [line.split() for run in runs for line in run.out.splitlines()]
    applied = Counter(line[0] for line in lines if line[1:3] == ["applied", "in"])
    assert set(applied.values()) == {1}
    assert len(applied) == len(schema.load()) - 1  # one waits for the backfill
    assert all("waits for `make backfill`" in run.out for run in runs)


async def test_exit_status_of_each_option(server: SurrealServer) -> None:
    address = server.address()

    def run(*arguments: str) -> Awaitable[ScriptResult]:
        return run_script("migrate", *arguments, address=address)

    check, dry_run, usage = await asyncio.gather(
        run("--check"), run("--dry-run"), run("--check", "--dry-run")
    )
    assert [check.status, dry_run.status, usage.status] == [1, 0, 2]
    assert usage.err.startswith("usage:")
    assert (await run()).status == 0
    assert (await run("--check")).status == 0


async def test_a_script_that_fails_says_what_to_do_in_one_line(
    server: SurrealServer,
) -> None:
    address, nobody = server.address(), "ws://127.0.0.1:9"
    cases = [
        (replace(address, password="wrong"), ("migrate",), "check SURREAL_USER, SURREAL_PASSWORD"),
        (replace(address, user=""), ("migrate",), "a SurrealDB server needs SURREAL_USER"),
        (replace(address, url="postgres://127.0.0.1"), ("migrate",), "SURREAL_URL"),
        (replace(address, url=nobody), ("migrate",), "Is SURREAL_URL right and the server up?"),
        (replace(address, url=nobody), ("backfill",), "Is SURREAL_URL right and the server up?"),
        (address, ("backfill",), "run `make migrate`"),
        (address, ("grant", "ada", "5"), "run `make migrate`"),
    ]
    runs = await asyncio.gather(
        *(run_script(*script, address=where) for where, script, _advice in cases)
    )
    for ended, (_where, _script, advice) in zip(runs, cases, strict=True):
        assert (ended.status, ended.out, len(ended.err.splitlines())) == (1, "", 1)
        assert advice in ended.err


async def test_the_error_for_a_user_who_may_not_define_names_the_needed_role(
    server: SurrealServer,
) -> None:
    address = server.address()
    async with connected(address) as database:
        for role in ("VIEWER", "EDITOR"):
            await database.query(f"DEFINE USER {role} ON DATABASE PASSWORD 'x' ROLES {role}")
    async with connected(replace(address, user="VIEWER", password="x", level="database")) as viewer:
        with pytest.raises(MigrationFailed, match="needs the role EDITOR"):
            await migrate(viewer)
    async with connected(replace(address, user="EDITOR", password="x", level="database")) as editor:
        assert await migrate(editor) == 0
        assert await check(editor) == 0


async def test_a_store_in_use_by_another_process_is_reported_in_one_line(tmp_path: Path) -> None:
    address = embedded(f"surrealkv://{tmp_path}/store")
    async with connected(address):
        ended = await run_script("migrate", address=address)
    assert (ended.status, len(ended.err.splitlines())) == (1, 1)
    assert "in use by another process" in ended.err


async def test_a_file_that_takes_longer_than_the_sdk_waits_is_applied(
    server: SurrealServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "013_slow.surql").write_text("sleep(2s); CREATE probe:slow SET nonce = 'done'")
    async with migrated(server.address()) as database:
        with monkeypatch.context() as patch:
            patch.setattr(surrealdb.connections.async_ws, "_RPC_RECV_TIMEOUT", 0.5)
            patch.setattr(migrations, "POLL_INTERVAL", 0.05)
            assert await migrate(database, folder) == 0
        assert await database.query("SELECT VALUE nonce FROM ONLY probe:slow") == "done"


async def test_a_file_interrupted_by_a_killed_server_is_applied_by_the_next_run(
    server: SurrealServer, folder: Path
) -> None:
    slow = folder / "013_slow.surql"
    slow.write_text("CREATE probe:slow SET nonce = 'half'; sleep(30s);")
    address = server.address()
    async with migrated(address) as database:
        under_way = asyncio.create_task(migrate(database, folder))
        await asyncio.wait([under_way], timeout=0.3)  # nothing shows from outside that it runs
        server.kill()
        with pytest.raises(DatabaseUnavailable):
            await under_way
    await asyncio.to_thread(server.start)
    slow.write_text("CREATE probe:slow SET nonce = 'whole'")
    async with connected(address) as database:
        assert await migrate(database, folder) == 0
        assert await database.query("SELECT VALUE nonce FROM ONLY probe:slow") == "whole"
