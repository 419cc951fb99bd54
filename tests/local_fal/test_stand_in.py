"""Local fal as fal-client sees it, from the upload to the download."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest
from fal_client import AsyncRequestHandle, Completed

from tests.local_fal.client import MODEL, Client, opened, picture, reached, refused


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with opened(tmp_path) as client:
        yield client


async def test_an_uploaded_picture_becomes_a_video_that_can_be_downloaded(client: Client) -> None:
    handle = await client.animate(picture(), prompt="a slow zoom", duration="5")
    video = (await handle.get())["video"]
    download = await client.http.get(video["url"])
    assert download.headers["content-type"] == video["content_type"] == "video/mp4"
    assert int(download.headers["content-length"]) == video["file_size"] == len(download.content)
    assert video["url"] == f"https://v3.fal.media/files/{video['file_name']}"
    with av.open(io.BytesIO(download.content), "r") as container:
        assert [frame.width for frame in container.decode(video=0)] == [1280] * 6


async def test_a_completed_request_reports_its_logs_and_its_inference_time(client: Client) -> None:
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
async def test_every_models_notation_of_a_duration_is_accepted_and_the_length_is_bounded(
    tmp_path: Path, field: str, duration: object, frames: int
) -> None:
    async with opened(tmp_path, seconds=1.5) as client:
        url = await client.upload(picture(kind="WEBP"), "image/webp")
        arguments = {field: url, "duration": duration}
        result = await client.subscribe("fal-ai/veo3.1/fast/image-to-video", arguments)
        download = await client.http.get(result["video"]["url"])
    with av.open(io.BytesIO(download.content), "r") as container:
        assert container.streams.video[0].frames == frames


async def test_answers_have_fals_status_codes_and_urls(client: Client) -> None:
    url = await client.upload(picture(), "image/png")
    submitted = await client.http.post(
        f"https://queue.fal.run/{MODEL}?fal_webhook=https://example.org/hook",
        json={"image_url": url},
    )
    body = submitted.json()
    base = f"https://queue.fal.run/fal-ai/kling-video/requests/{body['request_id']}"
    urls = {
        "request_id": body["request_id"],
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
    }
    assert submitted.status_code == 200
    assert body == {"status": "IN_QUEUE", "queue_position": 0, **urls}
    early = await client.http.get(base)
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    pending = await client.http.get(f"{base}/status?logs=1")
    assert pending.status_code == 202
    await AsyncRequestHandle.from_request_id(client.http, MODEL, body["request_id"]).get()
    completed = await client.http.get(f"{base}/status")
    assert completed.status_code == 200
    assert completed.json().keys() == {"status", "logs", "metrics", *urls}


@pytest.mark.parametrize("repository", ["fal_v3", "fal"])
async def test_both_ways_to_upload_keep_every_byte(client: Client, repository: Any) -> None:
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
async def test_unknown_urls_are_not_found(client: Client, url: str) -> None:
    answer = await client.http.get(url)
    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)


async def test_a_put_is_accepted_only_under_a_name_that_local_fal_gave(client: Client) -> None:
    answer = await client.http.put("https://v3.fal.media/files/anything.png", content=picture())
    assert answer.status_code == 404


async def test_a_request_is_found_only_under_its_own_app(client: Client) -> None:
    handle = await client.animate(picture())
    error = await refused(client.status("fal-ai/veo3.1/fast", handle.request_id))
    assert error.status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_a_submit_without_a_json_object_is_a_bad_request(client: Client, body: bytes) -> None:
    answer = await client.http.post(f"https://queue.fal.run/{MODEL}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error_type"] == answer.headers["x-fal-error-type"] == "bad_request"
