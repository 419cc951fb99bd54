"""What goes wrong while the service runs: rows of ``docs/errors.md``."""

import errno
import os

from scripts.migrate import migrate
from tests.support.database import connected, settings_of, surreal_server
from tests.support.faults.place import Place, Troubles
from tests.support.seams import FailingSeam
from tests.support.service import Running, running, settings_for
from tests.support.sockets import free_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Hang
from tests.support.stand_ins.videos import small_video

RUNS = Troubles()


@RUNS.row("fal-key")
async def key_refused(place: Place) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        fal.faults.add("submit", Answer(401, {"detail": "Authentication is required"}))
        assert (await run.submit()).json()["code"] == "fal_rejected"

    return await place.logged(do)


@RUNS.row("fal-unreachable")
async def nobody_at_fal(place: Place) -> str:
    async def do(run: Running, _: FalStandIn) -> None:
        assert (await run.submit()).json()["code"] == "fal_unavailable"

    return await place.logged(do, fal_port=free_port())


@RUNS.row("fal-hangs")
async def upload_hangs(place: Place) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        fal.faults.add("upload", Hang())
        assert (await run.submit()).json()["code"] == "fal_unavailable"

    return await place.logged(do, submit_timeout=0.3)


@RUNS.row("database-away")
async def database_killed(place: Place) -> str:
    with surreal_server(place.folder / "server") as server:
        address = server.address()
        async with connected(address) as database:
            await migrate(database)
        settings = settings_for(address.url, place.folder / "storage", **settings_of(address))
        async with FalStandIn() as fal, running(settings, fal) as run:
            server.kill()
            await run.service.sweep.once()
    return place.caplog.text


@RUNS.row("storage-away")
async def bucket_away(place: Place) -> str:
    return await place.logged(
        a_delivery,
        r2_endpoint_url=f"http://127.0.0.1:{free_port()}",
        r2_bucket="videos",
        r2_access_key_id="id",
        r2_secret_access_key="secret",
    )


@RUNS.row("disk-full")
async def full_disk(place: Place) -> str:
    full = FailingSeam(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "storage.put")
    return await place.logged(a_delivery, seam=full)


@RUNS.row("media-host")
async def another_media_host(place: Place) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        job_id = await run.submitted()
        fal.complete(fal.newest, output={"video": {"url": "https://elsewhere.example/video.mp4"}})
        await run.status(job_id)

    return await place.logged(do)


@RUNS.row("webhook-keys")
async def keys_away(place: Place) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        fal.faults.add("jwks", Answer(500), times=None)
        await run.submitted()
        assert (await fal.call_back(run.client, fal.newest)).status_code == 502

    return await place.logged(do, public_url="http://127.0.0.1")


async def a_delivery(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.status(job_id)
