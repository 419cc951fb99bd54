import asyncio
import gc
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

import httpx
import pytest

from app.errors import FalError, FalRefused, FalUnavailable
from app.fal.messages import encode_arguments
from app.fal.queue import Fal
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    NO_VIDEO,
    Alter,
    Answer,
    Drop,
    Endless,
    Fault,
    Late,
    Truncate,
)
from tests.support.stand_ins.videos import small_video

MODEL = "fal-ai/ltx-2.3/image-to-video/fast"
CDN_DOWN = Answer(500)
T = TypeVar("T")


@pytest.fixture
async def fal() -> AsyncIterator[FalStandIn]:
    async with FalStandIn(video=small_video()) as stand_in:
        yield stand_in


async def upload(client: Fal, image: bytes = b"image") -> str:
    return await client.upload(image, content_type="image/webp", file_name="start.webp")


async def test_an_upload_reaches_fal_byte_for_byte_and_expires_in_a_day(
    fal: FalStandIn, client: Fal
) -> None:
    image = os.urandom(300_000)
    url = await upload(client, image)
    assert hashlib.sha256(fal.uploads[url]).digest() == hashlib.sha256(image).digest()
    headers = fal.last("upload").headers
    assert headers["content-type"] == "image/webp"
    assert json.loads(headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": 86400}


@pytest.mark.parametrize("fault", [None, Answer(422), Answer(500), Drop(), Late(60)])
async def test_an_image_is_free_after_its_upload(
    fal: FalStandIn, client: Fal, fault: Fault | None
) -> None:
    image = os.urandom(300_000)
    if fault is not None:
        fal.faults.add("upload", fault)
        fal.faults.add("initiate", fault)
    references = sys.getrefcount(image)
    gc.disable()
    try:
        with nullcontext() if fault is None else suppress(FalError, TimeoutError):
            async with asyncio.timeout(0.5 if isinstance(fault, Late) else None):
                await upload(client, image)
        assert sys.getrefcount(image) == references
    finally:
        gc.enable()


async def test_uploads_share_a_token_and_a_connection(fal: FalStandIn, client: Fal) -> None:
    urls = {await upload(client), await upload(client), await upload(client)}
    assert len(urls) == fal.count("upload") == 3
    assert fal.count("token") == fal.connections.accepted == 1


async def test_an_expiry_of_a_token_without_a_time_zone_is_read_as_utc(
    fal: FalStandIn, client: Fal
) -> None:
    fal.faults.add("token", Alter(expires_at="2999-01-01T00:00:00"))
    assert await upload(client) != await upload(client)
    assert (fal.count("token"), fal.count("upload")) == (1, 2)


@pytest.mark.parametrize("name", ["token", "upload"])
@pytest.mark.parametrize(
    "fault", [CDN_DOWN, NGINX_BAD_GATEWAY, Answer(401), Answer(429), Drop(), Answer(200, "{}")]
)
async def test_an_upload_goes_to_the_bucket_if_the_cdn_fails(
    fal: FalStandIn, client: Fal, name: str, fault: Fault
) -> None:
    fal.faults.add(name, fault, times=None)
    url = await upload(client, b"image")
    assert fal.uploads == {url: b"image"}
    assert (fal.count(name), fal.count("put")) == (1, 1)
    assert fal.last("put").host == "storage.googleapis.com"
    assert "authorization" not in fal.last("put").headers


@pytest.mark.parametrize(
    ("cdn", "bucket", "failure"),
    [
        (Answer(422, {"detail": "no image"}), CDN_DOWN, FalRefused("no image", status=422)),
        (Answer(429, {"detail": "slowly"}), CDN_DOWN, FalRefused("slowly", status=429)),
        (CDN_DOWN, Answer(404), FalUnavailable("fal answered 500 Internal Server Error")),
        (Drop(), Drop(), FalUnavailable("fal's storage does not answer")),
        (
            Answer(200, "<html>"),
            CDN_DOWN,
            FalUnavailable("the answer of fal's storage cannot be read"),
        ),
        (Answer(200, "[]"), CDN_DOWN, FalUnavailable("the answer of fal's storage cannot be read")),
        (Alter(access_url=7), CDN_DOWN, FalUnavailable("fal's storage answered without a URL")),
    ],
)
async def test_if_both_uploads_fail_the_error_of_the_cdn_is_reported(
    fal: FalStandIn, client: Fal, cdn: Fault, bucket: Fault, failure: FalError
) -> None:
    fal.faults.add("upload", cdn, times=None)
    fal.faults.add("initiate", bucket, times=None)
    with pytest.raises(type(failure)) as raised:
        await upload(client)
    assert str(raised.value) == str(failure)
    assert fal.count("upload") == fal.count("initiate") == 1


async def test_a_job_goes_from_upload_to_video_and_only_the_api_hosts_receive_the_key(
    fal: FalStandIn, client: Fal
) -> None:
    image = await upload(client)
    job = (
        await client.submit(MODEL, encode_arguments({"image_url": image}), webhook_url=None)
    ).request_id
    states = [(await client.status(MODEL, job)).state for _ in range(3)]
    video = await client.media.get(await client.result(MODEL, job))

    assert states == ["queued", "running", "completed"]
    assert video.content == small_video()
    names = ["token", "upload", "submit", *["status"] * 3, "result", "media"]
    assert [call.name for call in fal.calls] == names
    for call in fal.calls:
        carries_key = fal.key in call.headers.get("authorization", "")
        assert carries_key == (call.host in {"queue.fal.run", "rest.fal.ai"})


async def test_every_call_passes_the_seam_under_its_name(fal: FalStandIn) -> None:
    names: list[str] = []

    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        names.append(name)
        return await call()

    client = Fal(key=fal.key, transport=fal.transport, seam=seam)
    await upload(client)
    job = (await client.submit(MODEL, b"{}", webhook_url=None)).request_id
    await client.status(MODEL, job)
    fal.complete(job, b"video")
    await client.result(MODEL, job)
    await client.cancel(MODEL, job)
    assert names == ["fal.upload", "fal.submit", "fal.status", "fal.result", "fal.cancel"]
    assert fal.connections.accepted == 1
    await client.aclose()


async def test_the_media_of_the_stand_in_fail_on_demand(fal: FalStandIn, client: Fal) -> None:
    url = "https://v3.fal.media/files/a.mp4"
    fal.media[url] = b"video"

    fal.faults.add("media", Truncate(missing=2))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.media.get(url)
    fal.faults.add("media", NO_VIDEO)
    assert (await client.media.get(url)).headers["content-type"].startswith("text/html")
    fal.faults.add("media", Endless())
    async with client.media.stream("GET", url) as response:
        chunks = response.aiter_bytes()
        assert sum([len(await anext(chunks)) for _ in range(20)]) > 0
    fal.faults.add("media", Answer(302, b"", {"Location": "https://evil.example/a.mp4"}))
    with pytest.raises(httpx.ConnectError):
        await client.media.get(url, follow_redirects=True)
    assert fal.contacted_hosts == ["evil.example"]
    assert (await client.media.get(url)).content == b"video"
