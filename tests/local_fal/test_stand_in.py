"""Local fal as fal-client sees it, from the upload to the download."""

import io
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from asyncstdlib import cached_property
from fal_client import AsyncClient, AsyncRequestHandle, Completed, FalClientHTTPError, InProgress
from fal_client.auth import AuthCredentials
from fal_client.client import AsyncCDNTokenManager, CDNToken, Status
from PIL import Image

from app.local_fal import LocalFal

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
QUICK, LONG = 0.25, 5


class _TokenManager(AsyncCDNTokenManager):
    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(AuthCredentials("Key", "local"))
        self._http = http

    async def _refresh_token(self) -> CDNToken:
        answer = (await self._http.post(self._url, headers=self._headers, json={})).json()
        return CDNToken(
            token=answer["token"],
            token_type=answer["token_type"],
            base_upload_url=answer["base_url"],
            expires_at=datetime.fromisoformat(answer["expires_at"]),
        )


class Client(AsyncClient):
    """fal's own client, with local fal in the network's place."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(key="local")
        self.http = http

    @cached_property
    async def _client(self) -> httpx.AsyncClient:
        return self.http

    @cached_property
    async def _token_manager(self) -> AsyncCDNTokenManager:
        return _TokenManager(self.http)

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        yield self.http

    async def animate(self, picture: bytes, **arguments: Any) -> AsyncRequestHandle:
        url = await self.upload(picture, "image/png", "start.png")
        return await self.submit(MODEL, {"image_url": url, **arguments})


@asynccontextmanager
async def opened(folder: Path, seconds: float = QUICK) -> AsyncIterator[Client]:
    async with (
        LocalFal(folder, seconds=seconds) as local,
        httpx.AsyncClient(transport=local.transport) as http,
    ):
        yield Client(http)


def picture(width: int = 640, height: int = 64, kind: str = "PNG") -> bytes:
    """Return an image file; a strip is rendered in no time."""
    content = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(content, kind)
    return content.getvalue()


async def reached(handle: AsyncRequestHandle, kind: type[Status]) -> Status:
    """Wait until the request is in this state."""
    async for status in handle.iter_events(with_logs=True, interval=0.01):
        if isinstance(status, kind):
            return status
    pytest.fail(f"never {kind.__name__}")


async def drawing(handle: AsyncRequestHandle) -> None:
    """Wait until the request is in the middle of its render."""
    async for status in handle.iter_events(with_logs=True, interval=0.01):
        if isinstance(status, InProgress) and len(status.logs or ()) > 1:
            return
    pytest.fail("never seen drawing")


async def refused(call: Awaitable[Any]) -> FalClientHTTPError:
    with pytest.raises(FalClientHTTPError) as caught:
        await call
    return caught.value


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with opened(tmp_path) as client:
        yield client


async def test_an_uploaded_picture_becomes_a_video_to_download(client: Client) -> None:
    handle = await client.animate(picture(), prompt="a slow zoom", duration="5")
    video = (await handle.get())["video"]
    download = await client.http.get(video["url"])
    assert download.headers["content-type"] == video["content_type"] == "video/mp4"
    assert int(download.headers["content-length"]) == video["file_size"] == len(download.content)
    assert video["url"] == f"https://v3.fal.media/files/{video['file_name']}"
    with av.open(io.BytesIO(download.content), "r") as container:
        assert [frame.width for frame in container.decode(video=0)] == [1280] * 6


async def test_a_completed_request_tells_its_progress_and_its_time(client: Client) -> None:
    handle = await client.animate(picture())
    status = await reached(handle, Completed)
    assert isinstance(status, Completed)
    assert status.metrics["inference_time"] > 0
    assert status.error is status.error_type is None
    assert status.logs
    assert status.logs[-1]["message"] == "Rendered 6 of 6 frames"
    assert status.logs[-1].keys() == {"message", "level", "source", "timestamp"}
    assert datetime.fromisoformat(status.logs[-1]["timestamp"]) < datetime.now(UTC)


@pytest.mark.parametrize(
    ("field", "duration", "frames"),
    [
        ("image_url", "1", 24),
        ("image_url", "1s", 24),
        ("image_url", 1, 24),
        ("start_image_url", "8s", 36),
        ("start_image_url", "auto", 36),
        ("start_image_url", None, 36),
    ],
)
async def test_every_models_notation_is_understood_and_the_length_bounded(
    tmp_path: Path, field: str, duration: object, frames: int
) -> None:
    async with opened(tmp_path, seconds=1.5) as client:
        url = await client.upload(picture(kind="WEBP"), "image/webp")
        arguments = {field: url, "duration": duration}
        result = await client.subscribe("fal-ai/veo3.1/fast/image-to-video", arguments)
        download = await client.http.get(result["video"]["url"])
    with av.open(io.BytesIO(download.content), "r") as container:
        assert container.streams.video[0].frames == frames


async def test_the_wire_has_fals_status_codes_and_addresses(client: Client) -> None:
    url = await client.upload(picture(), "image/png")
    submitted = await client.http.post(
        f"https://queue.fal.run/{MODEL}?fal_webhook=https://example.org/hook",
        json={"image_url": url},
    )
    body = submitted.json()
    base = f"https://queue.fal.run/fal-ai/kling-video/requests/{body['request_id']}"
    addresses = {
        "request_id": body["request_id"],
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
    }
    assert submitted.status_code == 200
    assert body == {"status": "IN_QUEUE", "queue_position": 0, **addresses}
    early = await client.http.get(base)
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    pending = await client.http.get(f"{base}/status?logs=1")
    assert pending.status_code == 202
    await AsyncRequestHandle.from_request_id(client.http, MODEL, body["request_id"]).get()
    completed = await client.http.get(f"{base}/status")
    assert completed.status_code == 200
    assert completed.json().keys() == {"status", "logs", "metrics", *addresses}


@pytest.mark.parametrize("repository", ["fal_v3", "fal"])
async def test_both_ways_of_uploading_keep_every_byte(client: Client, repository: Any) -> None:
    content = picture(kind="JPEG")
    url = await client.upload(content, "image/jpeg", "start.jpg", repository=repository)
    download = await client.http.get(url)
    assert download.content == content
    assert download.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "url",
    [
        "https://v3.fal.media/files/00000000000000000000000000000000.png",
        "https://v3.fal.media/files/..%2Frequests",
        "https://queue.fal.run/fal-ai/kling-video/requests/unknown",
        "https://queue.fal.run/fal-ai/kling-video/requests/unknown/status",
        "https://elsewhere.example/",
    ],
)
async def test_what_is_unknown_is_not_found(client: Client, url: str) -> None:
    answer = await client.http.get(url)
    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)


async def test_a_file_is_put_under_a_name_of_ours_only(client: Client) -> None:
    answer = await client.http.put("https://v3.fal.media/files/anything.png", content=picture())
    assert answer.status_code == 404


async def test_a_request_is_known_to_its_own_app_only(client: Client) -> None:
    handle = await client.animate(picture())
    error = await refused(client.status("fal-ai/veo3.1/fast", handle.request_id))
    assert error.status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_submit_without_a_json_object_is_a_bad_request(client: Client, body: bytes) -> None:
    answer = await client.http.post(f"https://queue.fal.run/{MODEL}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error_type"] == answer.headers["x-fal-error-type"] == "bad_request"
