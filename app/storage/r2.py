"""Videos in Cloudflare R2.

R2 refuses botocore's newer checksum trailers and parts of unequal size, and accepts one write per
second to a key: https://developers.cloudflare.com/r2/platform/limits/.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from app import times
from app.errors import ObjectTaken
from app.storage.arriving_file import ArrivingFile
from app.storage.keys import content_type_of
from app.storage.protocol import StoredObject
from app.storage.r2_addresses import R2Addresses, content_disposition
from app.storage.r2_calls import KeyTaken, Refusal, call_r2, require_field
from app.storage.r2_client import s3_client
from app.storage.r2_early_upload import early_upload
from app.storage.r2_multipart import Multipart
from app.telemetry.seam import Seam, direct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import HeadObjectOutputTypeDef, PutObjectOutputTypeDef

    from app.storage.protocol import Finish

READ_BYTES = 8 * 1024 * 1024
SINGLE_PUT_BYTES = 100 * 1024 * 1024


class R2Storage:
    """A :class:`~app.storage.protocol.Storage` with one client for the life of the process."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        *,
        public_url: str | None,
        seam: Seam,
        single_put_bytes: int,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._addresses = R2Addresses(client, bucket, public_url)
        self._seam = seam
        self._single_put_bytes = single_put_bytes
        self._multipart = Multipart(client, seam)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        endpoint_url: str,
        bucket: str,
        access_key_id: str,
        secret_access_key: str,
        region: str = "auto",
        public_url: str | None = None,
        seam: Seam = direct,
        single_put_bytes: int = SINGLE_PUT_BYTES,
    ) -> AsyncIterator[Self]:
        """Open a client for the bucket; it sends nothing yet.

        Files of at most ``single_put_bytes`` are sent in one request, larger ones in parts.
        """
        async with s3_client(endpoint_url, access_key_id, secret_access_key, region) as client:
            yield cls(
                client, bucket, public_url=public_url, seam=seam, single_put_bytes=single_put_bytes
            )

    async def put(self, key: str, source: Path, *, sha256: str, owner: str) -> None:
        size = await _size_of(source)
        at, about = self._at(key), _about(key, sha256=sha256, job=quote(owner))
        try:
            if size <= self._single_put_bytes:
                await self._put_whole(source, at, about)
            else:
                file = ArrivingFile.whole(source, size)
                await self._multipart.send(file, at, about, _at_once)
        except KeyTaken as taken:
            await self._require_same(key, source, sha256=sha256, etag=taken.etag)

    @asynccontextmanager
    async def upload(self, key: str, source: ArrivingFile, *, owner: str) -> AsyncIterator[Finish]:
        # Metadata are sent before the bytes, so they do not contain the digest.
        about = _about(key, job=quote(owner))
        send = functools.partial(self._multipart.send, source, self._at(key), about)
        async with early_upload(source, send) as early:

            async def finish(*, sha256: str) -> None:
                try:
                    if not await early.finish():
                        await self.put(key, source.path, sha256=sha256, owner=owner)
                except KeyTaken as taken:
                    await self._require_same(key, source.path, sha256=sha256, etag=taken.etag)

            yield finish

    async def url(self, key: str, *, download: bool = False) -> str:
        return await self._addresses.of(key, download=download)

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        try:
            if not read:
                head = await self._head(key)
                digest = head["Metadata"].get("sha256")
                return StoredObject(head["ContentLength"], digest, _owner(head["Metadata"]))
            return await self._read(key)
        except Refusal as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def save(self, key: str, target: Path) -> None:
        async def save() -> None:
            answer = await self._client.get_object(Bucket=self._bucket, Key=key)
            body = answer["Body"]
            with await asyncio.to_thread(target.open, "wb") as file:
                async with body:  # as in _read
                    while chunk := await body.read(READ_BYTES):
                        await asyncio.to_thread(file.write, chunk)

        await call_r2(self._seam, "storage.get", save)

    async def delete(self, key: str) -> None:
        await call_r2(
            self._seam,
            "storage.delete",
            lambda: self._client.delete_object(Bucket=self._bucket, Key=key),
        )

    async def check(self) -> None:
        await call_r2(
            self._seam,
            "storage.check",
            # R2 refuses HeadBucket to a token that may only use objects.
            lambda: self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1),
            seconds=times.STORAGE_CHECK,
        )

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": key}

    async def _put_whole(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        async def send() -> PutObjectOutputTypeDef:
            with await asyncio.to_thread(source.open, "rb") as file:
                return await self._client.put_object(**at, **about, Body=file, IfNoneMatch="*")

        try:
            require_field(await call_r2(self._seam, "storage.put", send), "ETag")
        except Refusal as refusal:
            if refusal.status == HTTPStatus.PRECONDITION_FAILED:
                raise KeyTaken from refusal
            raise

    async def _require_same(self, key: str, source: Path, *, sha256: str, etag: str | None) -> None:
        """Return if the object has the bytes of the file.

        One that was sent while it arrived has no digest in its metadata. It has the same ETag if
        it came in the same parts, otherwise it is read.
        """
        try:
            head = await self._head(key)
        except Refusal as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            # A store whose disk was full may refuse a key for ever, and have nothing there.
            raise ObjectTaken(f"{key.rpartition('/')[2]} is taken, but not there.") from refusal
        there = head["Metadata"].get("sha256")
        if there is None and head["ContentLength"] == await _size_of(source):
            there = sha256 if head["ETag"] == etag else (await self._read(key)).sha256
        if there != sha256:
            raise ObjectTaken(f"{key.rpartition('/')[2]} already exists with other bytes.")

    async def _head(self, key: str) -> HeadObjectOutputTypeDef:
        return await call_r2(
            self._seam,
            "storage.head",
            lambda: self._client.head_object(Bucket=self._bucket, Key=key),
        )

    async def _read(self, key: str) -> StoredObject:
        return await call_r2(self._seam, "storage.get", lambda: self._digested(key))

    async def _digested(self, key: str) -> StoredObject:
        size, digest = 0, hashlib.sha256()
        answer = await self._client.get_object(Bucket=self._bucket, Key=key)
        body = answer["Body"]
        async with body:  # without `as`, which would bind a response whose read() takes no size
            while chunk := await body.read(READ_BYTES):
                size += len(chunk)
                digest.update(chunk)
        return StoredObject(size, digest.hexdigest(), _owner(answer["Metadata"]))


def _about(key: str, **metadata: str) -> dict[str, Any]:
    return {
        "ContentType": content_type_of(key),
        "ContentDisposition": content_disposition(key),
        "Metadata": metadata,
    }


async def _at_once() -> None:
    """Approve a file that was checked before it is sent."""


async def _size_of(file: Path) -> int:
    return (await asyncio.to_thread(file.stat)).st_size


def _owner(metadata: Mapping[str, str]) -> str | None:
    return unquote(metadata["job"]) if "job" in metadata else None
