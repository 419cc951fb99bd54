"""Videos in Cloudflare R2.

R2 refuses botocore's newer checksum trailers and parts of unequal size, and takes one write a
second for a key: https://developers.cloudflare.com/r2/platform/limits/.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from app import times
from app.errors import ObjectTaken
from app.storage.protocol import StoredObject, inline_disposition
from app.storage.r2_calls import Refusal, called, require
from app.storage.r2_client import s3_client
from app.storage.r2_multipart import Multipart
from app.telemetry.seam import Seam, direct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import HeadObjectOutputTypeDef, PutObjectOutputTypeDef

READ_BYTES = 8 * 1024 * 1024
SINGLE_PUT_BYTES = 100 * 1024 * 1024

# Addresses made within one step are the same, so that a browser fetches a video once.
STEP_SECONDS = 600
LIFETIME_SECONDS = 3600
REMEMBERED_URLS = 4096


class R2Storage:
    """A :class:`app.storage.protocol.Storage` over one client, held for the process's life."""

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
        self._public_url = public_url.rstrip("/") if public_url else None
        self._seam = seam
        self._single_put_bytes = single_put_bytes
        self._multipart = Multipart(client, seam)
        self._step = 0
        self._urls: dict[str, str] = {}

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
        """Hold a client for the bucket; nothing is sent yet.

        Files of up to ``single_put_bytes`` go in one request, larger ones in parts.
        """
        async with s3_client(endpoint_url, access_key_id, secret_access_key, region) as client:
            yield cls(
                client, bucket, public_url=public_url, seam=seam, single_put_bytes=single_put_bytes
            )

    async def put(
        self,
        key: str,
        source: Path,
        *,
        content_type: str,
        sha256: str,
        download_name: str,
        owner: str,
    ) -> None:
        size = (await asyncio.to_thread(source.stat)).st_size
        send = self._put_whole if size <= self._single_put_bytes else self._multipart.send
        about = {
            "ContentType": content_type,
            "ContentDisposition": inline_disposition(download_name),
            "Metadata": {"sha256": sha256, "job": quote(owner)},
        }
        try:
            await send(source, {"Bucket": self._bucket, "Key": key}, about)
        except Refusal as refusal:
            if refusal.status != HTTPStatus.PRECONDITION_FAILED:
                raise
            await self._require_same(key, size=size, sha256=sha256)

    async def url(self, key: str) -> str:
        if self._public_url:
            return f"{self._public_url}/{quote(key)}"
        step = int(time.time() // STEP_SECONDS)
        if step != self._step or len(self._urls) >= REMEMBERED_URLS:
            self._step = step
            self._urls.clear()
        if key not in self._urls:
            self._urls[key] = await self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=STEP_SECONDS + LIFETIME_SECONDS,
            )
        return self._urls[key]

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        try:
            if not read:
                there = await self._head(key)
                digest = there["Metadata"].get("sha256")
                return StoredObject(there["ContentLength"], digest, _owner(there["Metadata"]))
            return await called(self._seam, "storage.get", lambda: self._read(key))
        except Refusal as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def delete(self, key: str) -> None:
        await called(
            self._seam,
            "storage.delete",
            lambda: self._client.delete_object(Bucket=self._bucket, Key=key),
        )

    async def check(self) -> None:
        await called(
            self._seam,
            "storage.check",
            # Which a token for objects alone may do; HeadBucket is refused to it.
            lambda: self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1),
            seconds=times.STORAGE_CHECK,
        )

    async def _put_whole(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        async def send() -> PutObjectOutputTypeDef:
            with await asyncio.to_thread(source.open, "rb") as file:
                return await self._client.put_object(**at, **about, Body=file, IfNoneMatch="*")

        require(await called(self._seam, "storage.put", send), "ETag")

    async def _require_same(self, key: str, *, size: int, sha256: str) -> None:
        there = await self._head(key)
        if (there.get("ContentLength"), there["Metadata"].get("sha256")) != (size, sha256):
            raise ObjectTaken(f"Another object stands under {key}.")

    async def _head(self, key: str) -> HeadObjectOutputTypeDef:
        return await called(
            self._seam,
            "storage.head",
            lambda: self._client.head_object(Bucket=self._bucket, Key=key),
        )

    async def _read(self, key: str) -> StoredObject:
        size, digest = 0, hashlib.sha256()
        answer = await self._client.get_object(Bucket=self._bucket, Key=key)
        body = answer["Body"]
        async with body:  # which would bind the response below it, whose read() takes no size
            while chunk := await body.read(READ_BYTES):
                size += len(chunk)
                digest.update(chunk)
        return StoredObject(size, digest.hexdigest(), _owner(answer["Metadata"]))


def _owner(metadata: Mapping[str, str]) -> str | None:
    return unquote(metadata["job"]) if "job" in metadata else None
