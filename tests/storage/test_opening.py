"""The settings decide which storage is opened, and its problems are reported at the start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from app.main import create_app
from app.storage.opening import local_files, open_storage, warn_if_unavailable
from app.telemetry.seam import direct
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, put_video, write_file
from tests.support.service import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings
    from tests.support.s3 import S3Server

KEY = "users/ada/library/2026-02-03-pan.mp4"


def settings_with_folder(tmp_path: Path) -> Settings:
    return settings_for("surrealkv://unused", tmp_path / "storage")


def settings_with_bucket(tmp_path: Path, **changes: Any) -> Settings:
    given: dict[str, Any] = {
        "r2_bucket": BUCKET,
        "r2_endpoint_url": "http://127.0.0.1:1",
        "r2_access_key_id": ACCESS_KEY_ID,
        "r2_secret_access_key": SECRET_ACCESS_KEY,
    }
    return settings_for("surrealkv://unused", tmp_path / "storage", **(given | changes))


async def test_without_a_bucket_videos_are_kept_in_the_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with_folder(tmp_path)
    files = local_files(settings, direct)
    async with open_storage(settings, files=files, seam=direct) as storage:
        assert storage is files
        await put_video(storage, KEY, write_file(tmp_path, b"content"))
    assert (settings.storage_dir / KEY).read_bytes() == b"content"
    assert caplog.messages == [f"No R2_BUCKET: videos are kept in {settings.storage_dir}"]


async def test_with_a_bucket_the_folder_is_not_used(
    s3: S3Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with_bucket(tmp_path, r2_endpoint_url=s3.endpoint_url)
    files = local_files(settings, direct)
    assert files is None
    async with open_storage(settings, files=files, seam=direct) as storage:
        await warn_if_unavailable(storage)
        await put_video(storage, KEY, write_file(tmp_path, b"content"))
        assert await storage.find(KEY, read=False) is not None
        await storage.delete(KEY)
    assert not settings.storage_dir.exists()
    assert caplog.messages == []


async def test_incomplete_files_of_a_killed_process_are_deleted(tmp_path: Path) -> None:
    settings = settings_with_folder(tmp_path)
    old = settings.storage_dir / ".incoming" / "left"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    async with open_storage(settings, files=local_files(settings, direct), seam=direct):
        assert not old.exists()


async def test_a_folder_that_fails_is_opened_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with_folder(tmp_path)
    settings.storage_dir.write_text("a disk that is not mounted")
    async with open_storage(settings, files=local_files(settings, direct), seam=direct) as storage:
        await warn_if_unavailable(storage)
    assert caplog.messages[1] == (
        "The storage folder fails: Not a directory. Check STORAGE_DIR. "
        "Videos wait until the storage is back"
    )


@pytest.mark.parametrize("path", ["/media/users/ada/x.mp4", "/media/x.mp4?expires=9&signature=0"])
async def test_with_a_bucket_there_is_no_route_for_files(tmp_path: Path, path: str) -> None:
    app = create_app(settings_with_bucket(tmp_path))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://service"
    ) as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"] == f"GET {path.partition('?')[0]}: Not Found."
