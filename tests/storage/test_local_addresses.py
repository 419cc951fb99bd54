"""Addresses of local files are signed: each opens one file for a time, and none leads elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from app.storage.local_files import LocalFiles
from tests.storage.conftest import KEY, Clock
from tests.support.s3 import put_video, write_file

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_address_is_relative_or_below_the_base_url(tmp_path: Path) -> None:
    assert (await LocalFiles(tmp_path).url("a%2F@b.mp4")).startswith("/media/a%252F%40b.mp4?")
    files = LocalFiles(tmp_path, base_url="https://videos.example")
    assert (await files.url(KEY)).startswith("https://videos.example/media/users/")


async def test_a_browser_may_cache_a_file_until_its_address_expires(
    files: LocalFiles, clock: Clock, browser: httpx.AsyncClient
) -> None:
    answer = await browser.get(await files.url(KEY))
    expires = int(httpx.URL(str(answer.url)).params["expires"])
    assert answer.headers["Cache-Control"] == f"private, max-age={int(expires - clock.time)}"


async def test_head_answers_the_size_without_the_content(
    files: LocalFiles, browser: httpx.AsyncClient
) -> None:
    for download in (False, True):
        answer = await browser.head(await files.url(KEY, download=download))
        assert answer.status_code == 200
        assert answer.headers["Content-Length"] == "7"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.content == b""


async def test_an_address_works_for_an_hour_and_changes_every_ten_minutes(
    files: LocalFiles, clock: Clock, browser: httpx.AsyncClient
) -> None:
    clock.time = 600_000
    url = await files.url(KEY)
    clock.time += 599
    assert await files.url(KEY) == url
    clock.time += 1
    assert await files.url(KEY) != url
    clock.time = 600_000 + 3600
    assert (await browser.get(url)).status_code == 200
    clock.time = 600_000 + 4200
    assert (await browser.get(url)).status_code == 404


async def test_a_signature_is_valid_for_one_key_and_one_time(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = KEY.replace("pan", "zoom")
    await put_video(files, other, write_file(tmp_path, b"other"))
    url = httpx.URL(await files.url(KEY))
    for forged in (
        url.copy_with(path=f"/media/{other}"),
        url.copy_set_param("expires", "99999999999"),
        url.copy_set_param("expires", "never"),
        url.copy_set_param("signature", "0" * 64),
        url.copy_set_param("signature", "ü"),
        url.copy_remove_param("signature"),
        url.copy_with(query=None),
    ):
        assert (await browser.get(forged)).status_code == 404


async def test_the_signature_of_another_storage_is_refused(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = LocalFiles(tmp_path / "elsewhere", now=files._now)
    assert (await browser.get(await other.url(KEY))).status_code == 404


async def test_a_signature_is_valid_for_showing_or_for_saving(
    files: LocalFiles, browser: httpx.AsyncClient
) -> None:
    shown = httpx.URL(await files.url(KEY))
    saved = httpx.URL(await files.url(KEY, download=True))
    assert shown.params["signature"] != saved.params["signature"]
    for forged in (
        shown.copy_add_param("download", "1"),
        saved.copy_remove_param("download"),
        saved.copy_set_param("download", "2"),
        saved.copy_set_param("expires", f"attachment\n{saved.params['expires']}"),
    ):
        assert (await browser.get(forged)).status_code == 404


@pytest.mark.parametrize(
    "key",
    [".signing-key", ".incoming", "users", "users/..", "users/../outside.mp4", "", "a.html"],
)
async def test_a_signed_address_of_another_kind_of_file_is_refused(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path, key: str
) -> None:
    page = tmp_path / "storage" / "a.html"
    page.write_text("<script>")
    signed = httpx.URL(await files.url(key)).params
    answer = await browser.get(f"/media/{key.replace('.', '%2E')}", params=signed)
    assert answer.status_code == 404


@pytest.mark.parametrize("key", ["../x.mp4", "/etc/x.mp4", "a/./x.mp4", "a//x.mp4", ".x.mp4"])
async def test_no_key_leads_out_of_the_folder(files: LocalFiles, tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="empty or starts with a dot"):
        await put_video(files, key, write_file(tmp_path, b"content"))


@pytest.mark.parametrize(
    "key",
    [
        *("", "../x.mp4", "/x.mp4", "https://cdn.example/x.mp4", "x\0.mp4", "é" * 150 + ".mp4"),
        *("users", "users/u.mp4/below.mp4"),
    ],
)
async def test_a_key_that_no_object_can_have_is_found_nowhere_and_needs_no_deletion(
    files: LocalFiles, tmp_path: Path, key: str
) -> None:
    """The replaced stack may have named anything; an erasure and an audit go on."""
    await put_video(files, "users/u.mp4", write_file(tmp_path, b"content"))
    assert await files.find(key, read=False) is None
    await files.delete(key)
    assert await files.find("users/u.mp4", read=False) is not None


async def test_no_link_leads_out_of_the_folder(
    files: LocalFiles, browser: httpx.AsyncClient, tmp_path: Path
) -> None:
    outside = write_file(tmp_path, b"outside")
    (tmp_path / "storage" / "link.mp4").symlink_to(outside)
    (tmp_path / "storage" / "linked").symlink_to(tmp_path)
    assert (await browser.get(await files.url("link.mp4"))).status_code == 404
    with pytest.raises(ValueError, match="out of the folder"):
        await put_video(files, "linked/x.mp4", outside)
