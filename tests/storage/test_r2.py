"""Only R2: uploads in parts, aborted uploads, refusals and unusable answers."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.errors import ObjectTaken, StorageUnavailable
from app.storage.r2 import R2Storage
from app.storage.r2_addresses import content_disposition
from tests.support.process import PATIENCE
from tests.support.s3 import SECRET_ACCESS_KEY, S3Server, put_video, write_file
from tests.support.sockets import free_port, raw_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

T = TypeVar("T")
MIB = 1024 * 1024


class StopAtSecondPart:
    """A seam that fails or hangs at the second part."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.reached = asyncio.Event()
        self.calls: Counter[str] = Counter()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        self.calls[name] += 1
        if name == "storage.part" and self.calls[name] == 2:
            self.reached.set()
            if self.failure is not None:
                raise self.failure
            await asyncio.Event().wait()
        return await call()


async def unfinished_uploads(storage: R2Storage) -> int:
    listed = await storage._client.list_multipart_uploads(Bucket="videos")
    return len(listed.get("Uploads", []))


async def test_a_large_file_is_sent_in_parts_of_equal_size_and_a_smaller_last(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    content = os.urandom(20 * MIB + 5)
    sizes: dict[str, int] = {}  # by number: parts may arrive in any order

    def note_size(request: Any, **_: object) -> None:
        (number,) = parse_qs(urlsplit(request.url).query)["partNumber"]
        sizes[number] = int(request.headers["Content-Length"])

    async with s3.open(single_put_bytes=MIB) as storage:
        storage._client.meta.events.register("before-send.s3.UploadPart", note_size)
        await put_video(storage, key, write_file(tmp_path, content))
        url = await storage.url(key)
    assert sizes == {"1": 8 * MIB, "2": 8 * MIB, "3": 4 * MIB + 5}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser:
        answer = await browser.get(url)
    assert answer.content == content
    assert answer.headers["Content-Type"] == "video/mp4"


async def test_an_upload_in_parts_never_replaces_other_bytes(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    async with s3.open(single_put_bytes=10) as storage:
        await put_video(storage, key, write_file(tmp_path, b"the first bytes"))
        await put_video(storage, key, write_file(tmp_path, b"the first bytes"))
        with pytest.raises(ObjectTaken):
            await put_video(storage, key, write_file(tmp_path, b"some other bytes"))
        assert await unfinished_uploads(storage) == 0


async def test_a_cancelled_upload_leaves_no_parts_behind(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    source = write_file(tmp_path, bytes(9 * MIB))
    seam = StopAtSecondPart()
    async with s3.open(single_put_bytes=MIB, seam=seam) as storage:
        upload = asyncio.create_task(put_video(storage, key, source))
        await seam.reached.wait()
        assert await unfinished_uploads(storage) == 1
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        assert await unfinished_uploads(storage) == 0


async def test_a_failed_upload_leaves_no_parts_behind(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    source = write_file(tmp_path, bytes(9 * MIB))
    seam = StopAtSecondPart(ConnectionResetError())
    async with s3.open(single_put_bytes=MIB, seam=seam) as storage:
        with pytest.raises(StorageUnavailable):
            await put_video(storage, key, source)
        assert await unfinished_uploads(storage) == 0
    assert seam.calls["storage.abort_multipart"] >= 1


async def test_an_abort_that_fails_is_repeated(s3: S3Server, key: str, tmp_path: Path) -> None:
    class AbortFails(StopAtSecondPart):
        async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
            if name == "storage.abort_multipart" and not self.calls[name]:
                self.calls[name] += 1
                raise ConnectionResetError
            return await super().__call__(name, call)

    seam = AbortFails(ConnectionResetError())
    async with s3.open(single_put_bytes=MIB, seam=seam) as storage:
        with pytest.raises(StorageUnavailable):
            await put_video(storage, key, write_file(tmp_path, bytes(9 * MIB)))
        assert await unfinished_uploads(storage) == 0


async def test_an_address_is_signed_again_after_ten_minutes(
    s3: S3Server, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, signed = [1_000_000.0], 0

    async def sign(*_: object, **given: Any) -> str:
        nonlocal signed
        signed += 1
        assert given["ExpiresIn"] == 4200
        return f"address {signed}"

    monkeypatch.setattr("app.storage.r2_addresses.time", SimpleNamespace(time=lambda: now[0]))
    async with s3.open() as storage:
        monkeypatch.setattr(storage._client, "generate_presigned_url", sign)
        assert await storage.url(key) == "address 1"
        now[0] += 599
        assert await storage.url(key) == "address 1"
        now[0] += 1
        assert await storage.url(key) == "address 2"


async def test_a_public_bucket_needs_no_signature() -> None:
    async with R2Storage.open(
        endpoint_url="https://r2.example",
        bucket="videos",
        access_key_id="a",
        secret_access_key="s",
        public_url="https://videos.example/",
    ) as storage:
        assert await storage.url("users/a%2F@b/x.mp4") == (
            "https://videos.example/users/a%252F%40b/x.mp4"
        )


async def test_a_download_from_a_public_bucket_is_signed(
    s3: S3Server, key: str, tmp_path: Path
) -> None:
    async with s3.open(public_url="https://videos.example") as storage:
        await put_video(storage, key, write_file(tmp_path, b"content"))
        url = await storage.url(key, download=True)
    assert url.startswith(s3.endpoint_url)
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser:
        answer = await browser.get(url)
    name = key.rpartition("/")[2]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.content == b"content"


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"secret_access_key": "not-the-secret"}, "R2_SECRET_ACCESS_KEY"),
        ({"bucket": "no-such-bucket"}, "R2_BUCKET"),
    ],
)
async def test_an_error_names_the_wrong_setting_without_its_value(
    s3: S3Server, key: str, tmp_path: Path, wrong: dict[str, str], advice: str
) -> None:
    async with s3.open(**wrong) as storage:
        with pytest.raises(StorageUnavailable, match=advice):
            await storage.check()
        with pytest.raises(StorageUnavailable, match=advice) as caught:
            await put_video(storage, key, write_file(tmp_path, b"content"))
    assert SECRET_ACCESS_KEY not in str(caught.value)
    assert "not-the-secret" not in str(caught.value)


async def test_a_store_that_is_down_is_unavailable(s3: S3Server, key: str, tmp_path: Path) -> None:
    async with s3.open(endpoint_url=f"http://127.0.0.1:{free_port()}") as storage:
        with pytest.raises(StorageUnavailable):
            await storage.check()
        with pytest.raises(StorageUnavailable):
            await put_video(storage, key, write_file(tmp_path, b"content"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n<p>no</p>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>no</p>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>",
    ],
)
async def test_an_unusable_answer_is_reported_as_unavailable(
    key: str, tmp_path: Path, answer: bytes
) -> None:
    source = write_file(tmp_path, b"content")
    async with (
        raw_server(answer) as server,
        R2Storage.open(
            endpoint_url=f"http://127.0.0.1:{server.port}",
            bucket="videos",
            access_key_id="a",
            secret_access_key="s",
            single_put_bytes=1,
        ) as storage,
    ):
        with pytest.raises(StorageUnavailable):
            await put_video(storage, key, source)


async def test_a_check_ends_in_time_if_r2_hangs(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_name: str, _call: Callable[[], Awaitable[T]], /) -> T:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("app.times.STORAGE_CHECK", 0)
    async with s3.open(seam=hang) as storage:
        with pytest.raises(StorageUnavailable):
            await storage.check()


def test_a_download_name_cannot_break_out_of_its_header() -> None:
    assert content_disposition("u/pan.mp4") == 'inline; filename="pan.mp4"'
    assert content_disposition("u/pan.mp4", download=True) == 'attachment; filename="pan.mp4"'
    assert content_disposition('ü"\r\n.mp4') == "inline; filename*=utf-8''%C3%BC%22%0D%0A.mp4"
