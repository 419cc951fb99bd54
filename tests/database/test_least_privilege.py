"""A service that signs in by record access can do its work and nothing else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.database.address import Address
from app.database.client import Database
from app.database.outgoing_event_store import OutgoingEventStore
from app.database.schema_status import read_status
from app.errors import ConfigurationError
from app.jobs import snapshots
from app.settings import Settings
from scripts.migrate import check, migrate
from tests.support.database import SurrealServer, connected, embedded, settings_of
from tests.support.deletions import delete, erase
from tests.support.deployment import as_migrator, create_database, migrate_and_create_service_user
from tests.support.event_receiver import event_receiver, taken
from tests.support.legacy import legacy_row, make_legacy, run_backfill
from tests.support.scripts import run_script
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

PUBLIC_URL = "http://127.0.0.1"
DEFINITIONS = (
    "INFO FOR DB",
    "INFO FOR TABLE video_job",
    "DEFINE TABLE loot",
    "DEFINE FIELD loot ON video_job TYPE option<int>",
    "DEFINE FUNCTION OVERWRITE fn::clock::now() -> datetime { RETURN time::now() }",
    "DEFINE EVENT OVERWRITE credit_entry_append_only ON credit_entry THEN {}",
    "DEFINE USER loot ON DATABASE PASSWORD 'x' ROLES OWNER",
    "DEFINE ACCESS OVERWRITE service ON DATABASE TYPE RECORD",
    "ALTER TABLE service_user PERMISSIONS FULL",
    "REMOVE TABLE video_job",
    "REMOVE FUNCTION fn::credit::hold",
    "REMOVE EVENT credit_entry_append_only ON credit_entry",
    "REMOVE DATABASE video",
)


@pytest.fixture
async def root(server: SurrealServer) -> AsyncIterator[Database]:
    """A database that has only a migrator and the record access."""
    async with connected(await create_database(server)) as database:
        yield database


@pytest.fixture
async def service(root: Database) -> Address:
    """The service's sign-in to a migrated database."""
    return await migrate_and_create_service_user(root)


@pytest.fixture
async def signed_in(service: Address) -> AsyncIterator[Database]:
    async with connected(service) as database:
        yield database


@pytest.fixture
def every_poll_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(snapshots, "WATCHED", 0.0)


def settings_at(address: Address, folder: Path, **changes: str) -> Settings:
    return settings_for(
        address.url,
        folder,
        fal_key=FalStandIn.key,
        public_url=PUBLIC_URL,
        **settings_of(address) | changes,
    )


async def everything(database: Database) -> dict[str, Any]:
    tables = (await database.query("INFO FOR DB"))["tables"]
    return {t: await database.query("SELECT * FROM type::table($t)", t=t) for t in tables}


async def makes_videos(run: Running, fal: FalStandIn) -> None:
    """Complete one job by polls and another by a webhook; cancel a third. Use the library."""
    once = {"Idempotency-Key": "the-click"}
    polled = await run.submitted(headers=once)
    assert await run.submitted(headers=once) == polled
    fal.complete(fal.newest, small_video())
    assert (await run.finished(polled))["status"] == "completed"
    assert (await run.credits())["held"] == 0
    await shares(run, polled)

    called_back = await run.submitted(user="bob")
    fal.complete(fal.newest, small_video(seed=1))
    assert (await fal.call_back(run.client, fal.newest)).is_success
    await run.wait_for_background()
    newest = (await run.library(user="bob"))["videos"][0]
    assert newest["jobId"] == called_back
    await uses_library(run, called_back)

    unwanted = await run.submitted(user="bob")
    await run.cancel(unwanted, user="bob")
    assert (await run.finished(unwanted, user="bob"))["status"] == "cancelled"


async def shares(run: Running, job: str) -> None:
    """Share a video, revoke that, and share it again."""
    path = f"/api/library/{job}/share"
    first = (await run.client.post(path, headers=bearer())).json()["shareUrl"]
    assert (await run.client.delete(path, headers=bearer())).status_code == 204
    second = (await run.client.post(path, headers=bearer())).json()["shareUrl"]
    for link, status in ((first, 404), (second, 200)):
        visited = await run.client.get(link.removeprefix(PUBLIC_URL))
        assert visited.status_code == status


async def uses_library(run: Running, job_id: str) -> None:
    """Search for bob's video before and after its title is changed, and list the jobs."""
    for title in ("night life", f"title {job_id}"):
        assert (await run.library(user="bob", q=title.upper()))["videos"]
        changed = await run.change(job_id, user="bob", title=f"Title {job_id}", favourite=True)
        assert changed.status_code == 200
    favourites = (await run.library(user="bob", favourite="true"))["videos"]
    assert job_id in {video["jobId"] for video in favourites}
    jobs = (await run.get("/api/jobs", user="bob")).json()["jobs"]
    assert jobs[0]["jobId"] == job_id


async def supports(run: Running, job_id: str) -> None:
    """Make each change of the back office to a job, a user and a template."""
    for method, path, body in (
        ("GET", f"jobs/{job_id}", None),
        ("GET", "jobs?status=completed&user=ada", None),
        ("POST", f"jobs/{job_id}/fail", {"reason": "r"}),
        ("PATCH", "users/eve", {"suspended": True}),
        ("PATCH", "templates/dance-floor", {"enabled": False}),
        ("PATCH", "templates/dance-floor", {"enabled": True}),
    ):
        assert (await run.administer(method, path, body)).is_success
    actions = await run.rows("SELECT VALUE action FROM admin_action ORDER BY id")
    assert actions == ["fail", "suspend", "disable", "enable"]
    assert (await run.submit(user="eve")).status_code == 403
    await run.administer("PATCH", "users/eve", {"suspended": False})


async def deletes_and_erases(run: Running, root: Database, job_id: str) -> None:
    """Delete eve's shared video, and erase ada."""
    assert (await run.client.post(f"/api/library/{job_id}/share", headers=bearer("eve"))).is_success
    assert (await delete(run, job_id, user="eve")).status_code == 204
    await erase(run, "ada")
    for _ in range(2):
        await run.service.erasures.once()
        await run.service.deletions.once()
        await root.query("UPDATE erasure SET due_at = time::now() WHERE due_at != NONE")
    assert await run.rows("SELECT VALUE finished_at FROM erasure") != [None]
    for emptied in (
        "SELECT * FROM share",
        "SELECT * FROM idempotency",
        "SELECT * FROM video_job WHERE user = 'ada' AND user_email != ''",
        "SELECT * FROM library_video WHERE user IN ['ada', 'eve'] AND deleted_at = NONE",
    ):
        assert await run.rows(emptied) == []


@pytest.mark.usefixtures("every_poll_asks")
async def test_a_service_with_record_access_does_all_its_work(
    root: Database, service: Address, fal: FalStandIn, tmp_path: Path
) -> None:
    async with running(settings_at(service, tmp_path), fal) as run:
        await makes_videos(run, fal)
        left_alone = await run.submitted(user="eve")
        fal.complete(fal.newest, small_video(seed=2))
        await root.query("UPDATE video_job SET due_at = time::now() WHERE user = 'eve'")
        assert await run.service.sweep.once() == 1
        await run.wait_for_background()
        (video,) = (await run.library(user="eve"))["videos"]
        assert video["jobId"] == left_alone
        for credits_, reference in (5, "payment"), (-5, "dispute"):
            body = {"user": "eve", "credits": credits_, "reference": reference}
            assert (await run.administer("POST", "credits", body)).is_success
        assert (await run.administer("POST", f"jobs/{left_alone}/refund")).is_success
        for path in ("/readyz", "/metrics", "/api/templates"):
            assert (await run.client.get(path)).is_success
        await supports(run, await run.submitted(user="eve"))
        await deletes_and_erases(run, root, left_alone)
        assert await run.audit() == []


@pytest.mark.usefixtures("every_poll_asks")
async def test_it_serves_a_legacy_database_before_and_after_the_backfill(
    root: Database, fal: FalStandIn, tmp_path: Path
) -> None:
    await make_legacy(root, legacy_row("old", video_key="users/ada/library/old.mp4"))
    service = await migrate_and_create_service_user(root)
    assert len((await read_status(root)).pending) > 0
    async with running(settings_at(service, tmp_path), fal) as run:
        await makes_videos(run, fal)
        assert (await run.status("old"))["status"] == "completed"
        assert await run_backfill(root) == 0
        async with connected(as_migrator(root)) as migrator:
            assert await migrate(migrator) == 0
        assert (await read_status(root)).pending == ()
        await makes_videos(run, fal)


@pytest.mark.usefixtures("every_poll_asks")
async def test_a_service_with_record_access_tells_events(
    service: Address, fal: FalStandIn, tmp_path: Path
) -> None:
    async with event_receiver() as receiver:
        settings = settings_at(service, tmp_path, **receiver.settings)
        async with running(settings, fal) as run:
            outgoing = run.service.outgoing_events
            assert outgoing is not None
            failed = await run.submitted()
            fal.fail(fal.newest)
            await run.finished(failed)
            receiver.answer_with(500)
            while not receiver.told:
                await outgoing.once()
            receiver.answer = taken
            await run.rows("UPDATE outgoing_event SET due_at = time::now()")
            while await run.rows("SELECT id FROM outgoing_event"):
                await outgoing.once()
            assert {told.job_id for told in receiver.told} == {failed}
            await run.rows("UPSERT events_wanted:here SET until = time::now()")
            await OutgoingEventStore(run.service.database).forget()
            assert await run.audit() == []


async def test_definitions_are_refused(signed_in: Database) -> None:
    for statement in DEFINITIONS:
        (answer,) = await signed_in.run_script(statement)
        assert (answer["status"], answer["kind"]) == ("ERR", "NotAllowed"), statement


async def test_a_migration_without_the_right_is_refused_with_the_reason(service: Address) -> None:
    ended = await run_script("migrate", "--check", address=service)
    where, line = ended.err.splitlines()
    assert (ended.status, where) == (1, f"At {service.url}, {service.place}:")
    assert "SURREAL_USER may not do this" in line


async def test_writes_to_other_tables_change_nothing(root: Database, signed_in: Database) -> None:
    await signed_in.call("credit::account", "ada", 5)
    before = await everything(root)
    for statement in (
        "DELETE video_job; DELETE credit_account; DELETE credit_entry; DELETE migration",
        "UPDATE credit_entry SET credits = 1000; UPDATE template SET credits = 0",
        "UPDATE migration SET checksum = 'x'; UPDATE service_user SET password = '$argon2'",
        "CREATE service_user:loot SET password = '$argon2'; CREATE loot:1 SET a = 1",
        "UPDATE template SET title = 'x'; DELETE template_switch; DELETE admin_action",
        "UPSERT template:loot; INSERT INTO migration { id: 'loot', checksum: 'x' }",
        "UPDATE share SET job = 'loot'",
    ):
        for answer in await signed_in.run_script(statement):
            assert answer["status"] == "ERR" or not answer["result"], statement
    assert await signed_in.query("SELECT * FROM service_user") == []
    assert await everything(root) == before


async def test_another_database_with_the_same_schema_cannot_be_reached(
    server: SurrealServer, signed_in: Database
) -> None:
    async with connected(await create_database(server)) as other:
        await migrate_and_create_service_user(other)
        before = await everything(other)
        for statement in (
            "CREATE probe:loot SET nonce = 'x'",
            "UPSERT credit_account:loot SET balance = 9, held = 0, in_flight = 0",
            "INSERT INTO probe { id: 'loot', nonce: 'x' }",
            "RETURN fn::credit::account('loot', 9)",
            "SELECT * FROM template",
        ):
            use, *answers = await signed_in.run_script(
                f"USE DB {other.address.database}; {statement}"
            )
            if use["status"] == "ERR":
                continue  # SurrealDB 3.3 refuses USE, and the statement runs in the service's own
            assert all(each["status"] == "ERR" or not each["result"] for each in answers), use
        assert await everything(other) == before


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"user": "nobody"}, {"user": ""}])
async def test_a_refused_sign_in_names_the_settings_to_check(
    service: Address, wrong: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match=r"refused the sign-in .* check SURREAL_USER"):
        async with connected(replace(service, **wrong)):
            pass


async def test_a_password_is_changed_while_the_service_runs(
    root: Database, service: Address, signed_in: Database
) -> None:
    await root.query("CREATE service_user:two SET password = crypto::argon2::generate('next')")
    next_one = replace(service, user="two", password="next")
    async with connected(next_one) as replaced:
        await root.query("DELETE service_user:⟨video-1⟩")
        assert await replaced.query("RETURN true")
        assert await signed_in.query("RETURN true"), "its connection was made before"
        with pytest.raises(ConfigurationError):
            async with connected(service):
                pass


async def test_only_a_hash_of_a_password_can_be_stored(root: Database, service: Address) -> None:
    assert service.password not in str(await root.query("SELECT * FROM service_user"))
    (answer,) = await root.run_script(f"CREATE service_user:x SET password = '{uuid4()}'")
    assert answer["status"] == "ERR"


async def test_changed_permissions_are_drift(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected(embedded(store_url)) as database:
        await database.query("ALTER TABLE template PERMISSIONS FULL")
        assert await check(database) == 1
    assert "drift: table template differs from the schema" in capsys.readouterr().out


async def test_every_table_has_permissions_for_the_service(store_url: str) -> None:
    async with connected(embedded(store_url)) as database:
        tables = (await database.query("INFO FOR DB STRUCTURE"))["tables"]
    without = {t["name"] for t in tables if t["permissions"]["select"] is False}
    assert without == {"service_user"}
