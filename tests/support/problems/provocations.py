"""How to provoke each problem of each operation."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from unittest import mock

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.types import Receive, Scope, Send

from app import times
from app.api.identity import CachingIdentity, KeySetTokens
from app.caching.key_set import KeySet
from app.jobs.subscriptions import Subscription
from app.main import create_app
from app.problems import DatabaseUnavailable
from tests.support.problems import adjustments, back_office, deletions, shares, support
from tests.support.problems.library_provocations import LIBRARY
from tests.support.problems.requests import BACK_OFFICE
from tests.support.problems.scene import Scene
from tests.support.service import ORDER, SUBMIT, TEMPLATE, TERMINAL, png
from tests.support.stand_ins.fal_faults import Answer, Hang
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

BLOCKED = {"msg": "Blocked by the content policy", "type": "content_policy_violation"}


async def unauthenticated(scene: Scene) -> httpx.Response:
    return await scene.ask(headers={})


async def invalid_query(scene: Scene) -> httpx.Response:
    if scene.operation == "submit":
        return await scene.ask(headers={"Idempotency-Key": "two words"})
    return await scene.ask(params={"jobId": "", "limit": "0"})


async def job_not_found(scene: Scene) -> httpx.Response:
    return await scene.ask()


async def internal_error(scene: Scene) -> httpx.Response:
    scene.seam.error = RuntimeError("an unexpected error")
    return await scene.ask()


async def database_unavailable(scene: Scene) -> httpx.Response:
    scene.seam.error = DatabaseUnavailable()
    return await scene.ask()


async def identity_unavailable(scene: Scene) -> httpx.Response:
    def away(_: httpx.Request) -> httpx.Response:
        return httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as client:
        keys = KeySet("https://keys.example", client, lifetime=3600)
        identity = CachingIdentity(KeySetTokens(keys, audience=None, issuer=None))
        object.__setattr__(scene.run.service, "identity", identity)
        scene.monkeypatch.setattr(scene.run.service.readiness, "_identity", identity)
        signed = jwt.encode({}, Ed25519PrivateKey.generate(), algorithm="EdDSA")
        return await scene.ask(headers={"Authorization": f"Bearer {signed}"})


async def storage_unavailable(scene: Scene) -> httpx.Response:
    await scene.completed()
    scene.run.lose_storage()
    return await scene.ask()


async def storage_unavailable_to_submit(scene: Scene) -> httpx.Response:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    scene.monkeypatch.setattr(tempfile, "TemporaryFile", full)
    return await scene.submit(bytes(2 * 1024 * 1024))


async def storage_unavailable_to_cancel(scene: Scene) -> httpx.Response:
    """The video is delivered while the cancel waits for fal, then the disk is unmounted."""
    scene.monkeypatch.setattr(times, "FAL_WAIT", 60.0)
    scene.job = await scene.run.submitted()
    scene.fal.advance(scene.fal.newest, "IN_PROGRESS")
    hang = Hang()
    scene.fal.faults.add("cancel", hang)
    cancelling = asyncio.create_task(scene.ask())
    await hang.reached.wait()
    scene.fal.complete(scene.fal.newest, small_video())
    while (await scene.run.status(scene.job))["status"] not in TERMINAL:  # noqa: ASYNC110 polled
        await asyncio.sleep(0.01)
    scene.run.lose_storage()
    hang.released.set()
    return await cancelling


async def shutting_down(scene: Scene) -> httpx.Response:
    scene.run.service.stopping.set()
    return await scene.ask()


async def cut_off(scene: Scene) -> httpx.Response:
    """The request is cut off while it waits for the database, as on shutdown."""
    transport = scene.run.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    app, seam = transport.app, scene.seam

    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        answering = asyncio.ensure_future(app(scope, receive, send))
        await seam.reached.wait()
        answering.cancel()
        await answering

    seam.hangs = True
    scene.run.client = httpx.AsyncClient(
        transport=httpx.ASGITransport(cut), base_url="http://service"
    )
    answer = await scene.ask()
    seam.released.set()
    return answer


async def invalid_multipart(scene: Scene) -> httpx.Response:
    return await scene.run.client.post(
        SUBMIT, files={"data": (None, json.dumps(ORDER))}, headers=bearer()
    )


async def forbidden(scene: Scene) -> httpx.Response:
    """Another site's page calls a service in development."""
    settings = scene.run.service.settings.model_copy(update={"auth_jwt_secret": None})
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get("/", headers={"Origin": "https://other.example"})


async def insufficient_credits(scene: Scene) -> httpx.Response:
    await scene.run.credits()
    await scene.run.rows("UPDATE credit_account SET balance = 9")
    return await scene.ask()


async def idempotency_mismatch(scene: Scene) -> httpx.Response:
    key = {"Idempotency-Key": "click"}
    await scene.submit(headers=key)
    return await scene.submit(png(65), headers=key)


async def too_many_jobs(scene: Scene) -> httpx.Response:
    for _ in range(5):
        await scene.run.submitted()
    return await scene.ask()


async def rate_limited(scene: Scene) -> httpx.Response:
    while (answer := await scene.ask()).is_success:
        await scene.run.cancel(answer.json()["jobId"])
    return answer


async def too_many_streams(scene: Scene) -> httpx.Response:
    with ExitStack() as streams:
        for _ in range(10):
            streams.enter_context(scene.run.service.subscriptions.open("ada", Subscription(None)))
        return await scene.ask(params={})


async def too_busy(scene: Scene) -> httpx.Response:
    with mock.patch.object(scene.run.service.memory.receiving, "take", return_value=False):
        return await scene.ask()


async def too_busy_to_hear(scene: Scene) -> httpx.Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"

    with mock.patch.object(scene.run.service.memory.callbacks, "take", return_value=False):
        return await scene.call_back(content=body())


async def fal_rejected(scene: Scene) -> httpx.Response:
    scene.fal.faults.add("submit", Answer(422, {"detail": [BLOCKED]}))
    return await scene.submit()


async def fal_unavailable(scene: Scene) -> httpx.Response:
    scene.fal.faults.add("submit", Answer(500))
    return await scene.submit()


async def fal_unavailable_to_fal(scene: Scene) -> httpx.Response:
    """A callback names a request that fal does not know, for a job that has no request yet."""
    hang = Hang()
    scene.fal.faults.add("submit", hang)
    submitting = asyncio.create_task(scene.submit())
    await hang.reached.wait()
    (scene.job,) = await scene.run.rows("SELECT VALUE record::id(id) FROM video_job")
    answer = await scene.ask()
    hang.released.set()
    await submitting
    return answer


async def job_finished(scene: Scene) -> httpx.Response:
    scene.job = (await fal_rejected(scene)).json()["jobId"]
    return await scene.ask()


async def unknown_route(scene: Scene) -> httpx.Response:
    return await scene.run.client.get("/api/nothing")


async def unknown_method(scene: Scene) -> httpx.Response:
    return await scene.run.client.delete("/api/credits")


Provocation = Callable[[Scene], Awaitable[httpx.Response]]

ALIKE: dict[str, Provocation] = {
    provocation.__name__: provocation
    for provocation in (
        unauthenticated,
        invalid_query,
        job_not_found,
        internal_error,
        database_unavailable,
        identity_unavailable,
        storage_unavailable,
        shutting_down,
        invalid_multipart,
        forbidden,
        insufficient_credits,
        idempotency_mismatch,
        too_many_jobs,
        rate_limited,
        too_many_streams,
        fal_rejected,
        fal_unavailable,
        too_busy,
        job_finished,
    )
}
"""By problem code, for every operation."""

OWN: dict[tuple[str, str], Provocation] = {
    ("submit", "invalid_json"): lambda scene: scene.submit(data={}),
    ("submit", "template_not_found"): lambda scene: scene.submit(data={"templateSlug": "no-such"}),
    ("submit", "image_too_large"): lambda scene: scene.submit(bytes(10 * 1024 * 1024 + 1)),
    ("submit", "unsupported_image"): lambda scene: scene.submit(b"GIF89a"),
    ("submit", "invalid_image"): lambda scene: scene.submit(png()[:-30]),
    ("submit", "invalid_variables"): lambda scene: scene.submit(
        data={"templateSlug": TEMPLATE, "variables": {"mood": "sad"}}
    ),
    ("submit", "storage_unavailable"): storage_unavailable_to_submit,
    ("cancel", "storage_unavailable"): storage_unavailable_to_cancel,
    ("hear", "invalid_json"): lambda scene: scene.call_back(b"{}"),
    ("hear", "too_busy"): too_busy_to_hear,
    ("hear", "fal_unavailable"): fal_unavailable_to_fal,
    **{
        (operation, "shutting_down"): cut_off
        for operation in (
            *("status", "cancel", "templates", "library", "credits", "hear"),
            *("video", "changeVideo", "jobs"),
        )
    },
    **LIBRARY,
    **{
        (operation, code): provocation
        for operation in BACK_OFFICE
        for code, provocation in back_office.ALIKE.items()
    },
    **{(operation, "shutting_down"): cut_off for operation in BACK_OFFICE},
    **adjustments.OWN,
    **{(operation, "shutting_down"): cut_off for operation in (*shares.SIGNED_IN, *shares.OPEN)},
    **shares.OWN,
    ("deleteVideo", "shutting_down"): cut_off,
    **deletions.OWN,
    **support.OWN,
    ("media", "not_found"): lambda scene: scene.ask(),
    ("asset", "not_found"): lambda scene: scene.ask(params={}),
    ("anywhere", "not_found"): unknown_route,
    ("anywhere", "method_not_allowed"): unknown_method,
}
"""By operation and problem code, if an operation needs its own way."""
