"""Requests that local fal's model refuses, and the errors that fal-client then raises."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from fal_client import Completed
from PIL import Image

from tests.local_fal.client import (
    LONG,
    MODEL,
    Client,
    opened,
    picture,
    reached,
    refused,
    rendering,
)


def _tiny() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (640, 63)).save(content, "PNG")
    return content.getvalue()


async def _detail(client: Client, arguments: dict[str, Any]) -> dict[str, Any]:
    handle = await client.submit(MODEL, arguments)
    status = await reached(handle, Completed)
    assert isinstance(status, Completed)
    assert status.error is None, "only the result shows an error of the model"
    error = await refused(handle.get())
    assert error.status_code == 422
    assert error.response_headers["x-fal-retryable"] == "false"
    assert isinstance(error.message, list)
    [detail] = error.message
    assert detail["url"].endswith(detail["type"])
    assert detail["msg"]
    return dict(detail)


async def test_a_missing_start_image_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        detail = await _detail(client, {"prompt": "anything"})
    assert (detail["type"], detail["loc"]) == ("missing", ["body", "image_url"])


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/start.png",
        "https://v3.fal.media/files/00000000000000000000000000000000.png",
        "not an address",
    ],
)
async def test_an_image_that_was_never_uploaded_is_refused(tmp_path: Path, url: str) -> None:
    async with opened(tmp_path) as client:
        detail = await _detail(client, {"start_image_url": url})
    assert (detail["type"], detail["loc"]) == ("file_download_error", ["body", "start_image_url"])


async def test_a_url_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(picture())
    async with opened(tmp_path) as client:
        url = "https://v3.fal.media/files/../private.png"
        detail = await _detail(client, {"image_url": url})
    assert detail["type"] == "file_download_error"


async def test_an_image_below_64_pixels_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        url = await client.upload(_tiny(), "image/png")
        detail = await _detail(client, {"image_url": url})
    assert (detail["type"], detail["loc"]) == ("image_too_small", ["body", "image_url"])
    assert detail["ctx"] == {"min_width": 64, "min_height": 64}


@pytest.mark.parametrize("content", [b"no image", picture()[:-40]], ids=["foreign", "cut short"])
async def test_an_image_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    async with opened(tmp_path) as client:
        url = await client.upload(content, "image/png")
        detail = await _detail(client, {"image_url": url})
    assert (detail["type"], detail["loc"]) == ("image_load_error", ["body", "image_url"])


async def test_a_prompt_that_violates_the_policy_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        url = await client.upload(picture(), "image/png")
        detail = await _detail(client, {"image_url": url, "prompt": "a forbidden-by-policy cat"})
    assert (detail["type"], detail["loc"]) == ("content_policy_violation", ["body", "prompt"])


async def test_a_render_that_fails_is_a_retryable_error_of_the_model(tmp_path: Path) -> None:
    async with opened(tmp_path, LONG) as client:
        handle = await client.animate(picture(640, 160))
        await rendering(handle)
        shutil.rmtree(tmp_path / "files")
        error = await refused(handle.get())
    assert error.status_code == 500
    assert error.response_headers["x-fal-retryable"] == "true"
    assert [detail["type"] for detail in error.message] == ["internal_server_error"]  # type: ignore[index]  # fal-client calls a list of details a str


async def test_a_disk_that_fails_is_an_internal_error(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        url = await client.upload(picture(), "image/png")
        shutil.rmtree(tmp_path / "requests")
        error = await refused(client.submit(MODEL, {"image_url": url}))
    assert (error.status_code, error.error_type) == (500, "internal_error")


async def test_a_result_that_cannot_be_saved_is_still_answered(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        handle = await client.animate(picture())
        shutil.rmtree(tmp_path / "requests")
        assert (await handle.get())["video"]["file_size"] > 0
