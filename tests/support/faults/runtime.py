"""Rows of ``docs/errors.md``: something fails while the service runs."""

import errno
import os
from unittest import mock

from app.server import process
from scripts.migrate import migrate
from tests.support.database import connected, settings_of, surreal_server
from tests.support.faults.sandbox import Faults, Sandbox
from tests.support.seams import FailingSeam
from tests.support.service import Running, running, settings_for
from tests.support.sockets import free_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

RUNTIME_FAULTS = Faults()


@RUNTIME_FAULTS.row("fal-key")
async def fal_key_refused(sandbox: Sandbox) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        fal.faults.add("submit", Answer(401, {"detail": "Authentication is required"}))
        assert (await run.submit()).json()["code"] == "fal_unavailable"

    return await sandbox.logged(do)


@RUNTIME_FAULTS.row("fal-unreachable")
async def fal_unreachable(sandbox: Sandbox) -> str:
    async def do(run: Running, _: FalStandIn) -> None:
        assert (await run.submit()).json()["code"] == "fal_unavailable"

    return await sandbox.logged(do, fal_port=free_port())


@RUNTIME_FAULTS.row("fal-hangs")
async def fal_hangs(sandbox: Sandbox) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        fal.faults.add("upload", Hang())
        assert (await run.submit()).json()["code"] == "fal_unavailable"

    return await sandbox.logged(do, submit_timeout=0.3)


@RUNTIME_FAULTS.row("database-away")
async def database_away(sandbox: Sandbox) -> str:
    with surreal_server(sandbox.folder / "server") as server:
        address = server.address()
        async with connected(address) as database:
            await migrate(database)
        settings = settings_for(address.url, sandbox.folder / "storage", **settings_of(address))
        async with FalStandIn() as fal, running(settings, fal) as run:
            server.kill()
            await run.service.sweep.once()
    return sandbox.caplog.text


@RUNTIME_FAULTS.row("storage-away", "start-image-lost")
async def storage_away(sandbox: Sandbox) -> str:
    return await sandbox.logged(
        a_delivery,
        r2_endpoint_url=f"http://127.0.0.1:{free_port()}",
        r2_bucket="videos",
        r2_access_key_id="id",
        r2_secret_access_key="secret",
    )


@RUNTIME_FAULTS.row("disk-full")
async def disk_full(sandbox: Sandbox) -> str:
    full = FailingSeam(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "storage.put")
    return await sandbox.logged(a_delivery, seam=full)


@RUNTIME_FAULTS.row("media-host")
async def unlisted_media_host(sandbox: Sandbox) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        job_id = await run.submitted()
        fal.complete(fal.newest, output={"video": {"url": "https://elsewhere.example/video.mp4"}})
        await run.status(job_id)

    return await sandbox.logged(do)


@RUNTIME_FAULTS.row("webhook-keys")
async def webhook_keys_unavailable(sandbox: Sandbox) -> str:
    async def do(run: Running, fal: FalStandIn) -> None:
        await run.submitted()
        assert (await fal.call_back(run.client, fal.newest)).status_code == 502

    return await sandbox.logged(do, failing="jwks", public_url="http://127.0.0.1")


@RUNTIME_FAULTS.row("identity-keys")
async def identity_keys_unavailable(sandbox: Sandbox) -> str:
    async def do(run: Running, _: FalStandIn) -> None:
        assert (await run.client.get("/readyz")).json()["code"] == "identity_unavailable"

    url = f"http://127.0.0.1:{free_port()}/keys"
    return await sandbox.logged(do, auth_jwt_secret=None, auth_jwks_url=url)


@RUNTIME_FAULTS.row("token-refused")
async def token_of_another_issuer(sandbox: Sandbox) -> str:
    async def do(run: Running, _: FalStandIn) -> None:
        given = bearer(iss="https://others.example")
        assert (await run.client.get("/api/credits", headers=given)).status_code == 401

    return await sandbox.logged(do, auth_issuer="https://id.example")


async def a_delivery(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.status(job_id)


@RUNTIME_FAULTS.row("forced-exit")
async def forced_exit(sandbox: Sandbox) -> str:
    with mock.patch.object(os, "_exit") as leave:
        process._exit_now(0, None)
    leave.assert_called_once_with(0)
    return sandbox.caplog.text
