import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import httpx
import pytest

from app.errors import FalError, FalRefused, FalUnavailable
from app.fal.queue import Fal
from app.telemetry.seam import direct
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    NO_VIDEO,
    Alter,
    Answer,
    Drop,
    Endless,
    Fault,
    Truncate,
)
from tests.support.stand_ins.videos import small_video

MODEL = "fal-ai/ltx-2.3/image-to-video/fast"
CDN_DOWN = Answer(500)
T = TypeVar("T")


@pytest.fixture
async def stand_in() -> AsyncIterator[FalStandIn]:
    async with FalStandIn(video=small_video()) as fal:
        yield fal


@pytest.fixture
async def fal(stand_in: FalStandIn) -> AsyncIterator[Fal]:
    fal = Fal(key=stand_in.key, transport=stand_in.transport, seam=direct)
    yield fal
    await fal.aclose()


async def upload(fal: Fal, image: bytes = b"image") -> str:
    return await fal.upload(image, content_type="image/webp", file_name="start.webp")


async def test_an_upload_reaches_fal_byte_for_byte_and_expires_in_a_day(
    stand_in: FalStandIn, fal: Fal
) -> None:
    image = os.urandom(300_000)
    url = await upload(fal, image)
    assert hashlib.sha256(stand_in.uploads[url]).digest() == hashlib.sha256(image).digest()
    headers = stand_in.last("upload").headers
    assert headers["content-type"] == "image/webp"
    assert json.loads(headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": 86400}


async def test_uploads_share_a_token_and_a_connection(stand_in: FalStandIn, fal: Fal) -> None:
    urls = {await upload(fal), await upload(fal), await upload(fal)}
    assert len(urls) == stand_in.count("upload") == 3
    assert stand_in.count("token") == stand_in.lines.accepted == 1


async def test_a_token_that_does_not_name_its_zone_is_in_utc(
    stand_in: FalStandIn, fal: Fal
) -> None:
    stand_in.faults.add("token", Alter(expires_at="2999-01-01T00:00:00"))
    assert await upload(fal) != await upload(fal)
    assert (stand_in.count("token"), stand_in.count("upload")) == (1, 2)


@pytest.mark.parametrize("name", ["token", "upload"])
@pytest.mark.parametrize(
    "fault", [CDN_DOWN, NGINX_BAD_GATEWAY, Answer(401), Answer(429), Drop(), Answer(200, "{}")]
)
async def test_the_bucket_takes_what_the_cdn_does_not(
    stand_in: FalStandIn, fal: Fal, name: str, fault: Fault
) -> None:
    stand_in.faults.add(name, fault, times=None)
    url = await upload(fal, b"image")
    assert stand_in.uploads == {url: b"image"}
    assert (stand_in.count(name), stand_in.count("put")) == (1, 1)
    assert stand_in.last("put").host == "storage.googleapis.com"
    assert "authorization" not in stand_in.last("put").headers


@pytest.mark.parametrize(
    ("cdn", "bucket", "failure"),
    [
        (Answer(422, {"detail": "no image"}), CDN_DOWN, FalRefused("no image", status=422)),
        (Answer(429, {"detail": "slowly"}), CDN_DOWN, FalRefused("slowly", status=429)),
        (CDN_DOWN, Answer(404), FalUnavailable("fal answered 500 Internal Server Error")),
        (Drop(), Drop(), FalUnavailable("fal's storage does not answer")),
        (Answer(200, "<html>"), CDN_DOWN, FalUnavailable("fal's storage makes no sense")),
        (Answer(200, "[]"), CDN_DOWN, FalUnavailable("fal's storage makes no sense")),
        (Alter(access_url=7), CDN_DOWN, FalUnavailable("fal's storage named no address")),
    ],
)
async def test_where_both_fail_the_cdns_answer_counts(
    stand_in: FalStandIn, fal: Fal, cdn: Fault, bucket: Fault, failure: FalError
) -> None:
    stand_in.faults.add("upload", cdn, times=None)
    stand_in.faults.add("initiate", bucket, times=None)
    with pytest.raises(type(failure)) as raised:
        await upload(fal)
    assert str(raised.value) == str(failure)
    assert stand_in.count("upload") == stand_in.count("initiate") == 1


async def test_a_job_goes_from_the_upload_to_the_video_and_media_never_see_the_key(
    stand_in: FalStandIn, fal: Fal
) -> None:
    image = await upload(fal)
    job = (await fal.submit(MODEL, {"image_url": image}, webhook_url=None)).request_id
    states = [(await fal.status(MODEL, job)).state for _ in range(3)]
    video = await fal.media.get(await fal.result(MODEL, job))

    assert states == ["queued", "running", "completed"]
    assert video.content == small_video()
    names = ["token", "upload", "submit", *["status"] * 3, "result", "media"]
    assert [call.name for call in stand_in.calls] == names
    for call in stand_in.calls:
        carries_key = stand_in.key in call.headers.get("authorization", "")
        assert carries_key == (call.host in {"queue.fal.run", "rest.fal.ai"})


async def test_every_call_passes_the_seam_under_its_name(stand_in: FalStandIn) -> None:
    names: list[str] = []

    async def seam(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        names.append(name)
        return await call()

    fal = Fal(key=stand_in.key, transport=stand_in.transport, seam=seam)
    await upload(fal)
    job = (await fal.submit(MODEL, {}, webhook_url=None)).request_id
    await fal.status(MODEL, job)
    stand_in.complete(job, b"video")
    await fal.result(MODEL, job)
    await fal.cancel(MODEL, job)
    assert names == ["fal.upload", "fal.submit", "fal.status", "fal.result", "fal.cancel"]
    assert stand_in.lines.accepted == 1
    await fal.aclose()


async def test_the_stand_ins_media_fail_on_demand(stand_in: FalStandIn, fal: Fal) -> None:
    url = "https://v3.fal.media/files/a.mp4"
    stand_in.media[url] = b"video"

    stand_in.faults.add("media", Truncate(missing=2))
    with pytest.raises(httpx.RemoteProtocolError):
        await fal.media.get(url)
    stand_in.faults.add("media", NO_VIDEO)
    assert (await fal.media.get(url)).headers["content-type"].startswith("text/html")
    stand_in.faults.add("media", Endless())
    async with fal.media.stream("GET", url) as response:
        chunks = response.aiter_bytes()
        assert sum([len(await anext(chunks)) for _ in range(20)]) > 0
    stand_in.faults.add("media", Answer(302, b"", {"Location": "https://evil.example/a.mp4"}))
    with pytest.raises(httpx.ConnectError):
        await fal.media.get(url, follow_redirects=True)
    assert stand_in.contacted_hosts == ["evil.example"]
    assert (await fal.media.get(url)).content == b"video"
