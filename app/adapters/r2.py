"""Videos in Cloudflare R2.

R2 refuses botocore's newer checksum trailers and parts of unequal size, and takes one write a
second for a key: https://developers.cloudflare.com/r2/platform/limits/.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, unquote

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from app.adapters.r2_client import s3_client
from app.errors import ObjectTaken, StorageUnavailable
from app.seam import Seam, direct
from app.storage import StoredObject, inline_disposition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        CompletedPartTypeDef,
        HeadObjectOutputTypeDef,
        PutObjectOutputTypeDef,
    )

T = TypeVar("T")

PART_BYTES = 8 * 1024 * 1024
SINGLE_PUT_BYTES = 100 * 1024 * 1024

REQUEST_SECONDS = 300
ABORT_SECONDS = 2
CHECK_SECONDS = 1.5

# Addresses made within one step are the same, so that a browser fetches a video once.
STEP_SECONDS = 600
LIFETIME_SECONDS = 3600
REMEMBERED_URLS = 4096

_CREDENTIALS = " Check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and what they are allowed to do."
ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: _CREDENTIALS,
    HTTPStatus.FORBIDDEN: _CREDENTIALS,
    HTTPStatus.NOT_FOUND: " Check R2_BUCKET.",
}


class R2Storage:
    """A :class:`app.storage.Storage` over one client, held for the process's life."""

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
        send = self._put_whole if size <= self._single_put_bytes else self._put_in_parts
        about = {
            "ContentType": content_type,
            "ContentDisposition": inline_disposition(download_name),
            "Metadata": {"sha256": sha256, "job": quote(owner)},
        }
        try:
            await send(source, {"Bucket": self._bucket, "Key": key}, about)
        except _Refusal as refusal:
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
            return await self._call("storage.get", lambda: self._read(key))
        except _Refusal as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def delete(self, key: str) -> None:
        await self._call(
            "storage.delete", lambda: self._client.delete_object(Bucket=self._bucket, Key=key)
        )

    async def check(self) -> None:
        await self._call(
            "storage.check",
            lambda: self._client.head_bucket(Bucket=self._bucket),
            seconds=CHECK_SECONDS,
        )

    async def _put_whole(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        async def send() -> PutObjectOutputTypeDef:
            with await asyncio.to_thread(source.open, "rb") as file:
                return await self._client.put_object(**at, **about, Body=file, IfNoneMatch="*")

        _require(await self._call("storage.put", send), "ETag")

    async def _put_in_parts(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        created = await self._call(
            "storage.create_multipart",
            lambda: self._client.create_multipart_upload(**at, **about),
        )
        upload = {**at, "UploadId": _require(created, "UploadId")}
        try:
            parts = await self._send_parts(source, upload)
            completed = await self._call(
                "storage.complete_multipart",
                lambda: self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                ),
            )
            _require(completed, "ETag")
        except BaseException:  # a cancelled delivery must not leave its parts behind either
            await self._abort(upload)
            raise

    async def _send_parts(self, source: Path, upload: dict[str, Any]) -> list[CompletedPartTypeDef]:
        parts: list[CompletedPartTypeDef] = []
        with await asyncio.to_thread(source.open, "rb") as file:
            while data := await asyncio.to_thread(file.read, PART_BYTES):
                parts.append(await self._send_part(upload, len(parts) + 1, data))
        return parts

    async def _send_part(
        self, upload: dict[str, Any], number: int, data: bytes
    ) -> CompletedPartTypeDef:
        sent = await self._call(
            "storage.part",
            lambda: self._client.upload_part(**upload, PartNumber=number, Body=BytesIO(data)),
        )
        return {"PartNumber": number, "ETag": _require(sent, "ETag")}

    async def _abort(self, upload: dict[str, Any]) -> None:
        """Drop the parts sent so far; what this misses, R2 drops after seven days."""
        with suppress(StorageUnavailable):
            await self._call(
                "storage.abort_multipart",
                lambda: self._client.abort_multipart_upload(**upload),
                seconds=ABORT_SECONDS,
            )

    async def _require_same(self, key: str, *, size: int, sha256: str) -> None:
        there = await self._head(key)
        if (there.get("ContentLength"), there["Metadata"].get("sha256")) != (size, sha256):
            raise ObjectTaken(f"Another object stands under {key}.")

    async def _head(self, key: str) -> HeadObjectOutputTypeDef:
        return await self._call(
            "storage.head", lambda: self._client.head_object(Bucket=self._bucket, Key=key)
        )

    async def _read(self, key: str) -> StoredObject:
        size, digest = 0, hashlib.sha256()
        answer = await self._client.get_object(Bucket=self._bucket, Key=key)
        body = answer["Body"]
        async with body:  # which would bind the response below it, whose read() takes no size
            while chunk := await body.read(PART_BYTES):
                size += len(chunk)
                digest.update(chunk)
        return StoredObject(size, digest.hexdigest(), _owner(answer["Metadata"]))

    async def _call(
        self, name: str, call: Callable[[], Awaitable[T]], *, seconds: float = REQUEST_SECONDS
    ) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await self._seam(name, call)
        except ClientError as error:
            raise _Refusal(error) from error
        except (BotoCoreError, ResponseParserError, OSError) as error:
            raise StorageUnavailable(f"R2 cannot be reached ({type(error).__name__}).") from error


class _Refusal(StorageUnavailable):
    """R2 answered, and not with success; ``status`` is the HTTP status."""

    def __init__(self, error: ClientError) -> None:
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        super().__init__(
            f"R2 answered {self.status} ({code}) to {error.operation_name}."
            f"{ADVICE.get(self.status, '')}"
        )


def _owner(metadata: Mapping[str, str]) -> str | None:
    return unquote(metadata["job"]) if "job" in metadata else None


def _require(answer: Mapping[str, Any], name: str) -> str:
    """Return a field of an answer; botocore takes anybody's 200, a captive proxy's too."""
    if not answer.get(name):
        raise StorageUnavailable(f"The answer is not R2's: it lacks {name}.")
    return str(answer[name])
