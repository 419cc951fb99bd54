"""A service that signs in by record access can do all its work."""

from pathlib import Path

import pytest

from app.database.address import Address
from app.database.client import Database
from app.database.outgoing_event_store import OutgoingEventStore
from app.database.schema_status import read_status
from app.settings import Settings
from scripts.migrate import migrate
from tests.support.database import connected, settings_of
from tests.support.deletions import delete, erase
from tests.support.deployment import as_migrator, migrate_and_create_service_user
from tests.support.event_receiver import event_receiver, taken
from tests.support.legacy import legacy_row, make_legacy, run_backfill
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

PUBLIC_URL = "http://127.0.0.1"


def settings_at(address: Address, folder: Path, **changes: str) -> Settings:
    return settings_for(
        address.url,
        folder,
        fal_key=FalStandIn.key,
        public_url=PUBLIC_URL,
        **settings_of(address) | changes,
    )


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
    of_credits = ["grant", "withdraw", "refund"]
    assert actions == [*of_credits, "fail", "suspend", "disable", "enable"]
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


@pytest.mark.usefixtures("every_poll_asks_fal")
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


@pytest.mark.usefixtures("every_poll_asks_fal")
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


@pytest.mark.usefixtures("every_poll_asks_fal")
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
