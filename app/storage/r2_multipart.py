"""A large file, sent to R2 in parts of equal size as it wants them."""

from __future__ import annotations

import asyncio
import math
import os
from collections import deque
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from app import times
from app.errors import StorageUnavailable
from app.storage.r2_calls import Refusal, called, require

if TYPE_CHECKING:
    from pathlib import Path

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

    from app.telemetry.seam import Seam

PART_BYTES = 8 * 1024 * 1024
PARTS_AT_ONCE = 2
"""Of one file: a single connection does not fill the line."""
PARTS_IN_MEMORY = 8
"""Of all files that are being stored."""


class Multipart:
    """Sends files in parts; all that are being sent share the memory for them."""

    def __init__(self, client: S3Client, seam: Seam) -> None:
        self._client = client
        self._seam = seam
        self._room = asyncio.Semaphore(PARTS_IN_MEMORY)

    async def send(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        """Store the file, or leave nothing of it behind.

        Raises:
            StorageUnavailable: it could not be stored; a Refusal with 412 where something stands.

        """
        created = await called(
            self._seam,
            "storage.create_multipart",
            lambda: self._client.create_multipart_upload(**at, **about),
        )
        upload = {**at, "UploadId": require(created, "UploadId")}
        try:
            parts = await self._send_parts(source, upload)
            completed = await called(
                self._seam,
                "storage.complete_multipart",
                lambda: self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                ),
            )
            require(completed, "ETag")
        except BaseException:  # a cancelled delivery must not leave its parts behind either
            await self._abort(upload)
            raise

    async def _send_parts(self, source: Path, upload: dict[str, Any]) -> list[CompletedPartTypeDef]:
        parts: list[CompletedPartTypeDef] = []
        sending: deque[asyncio.Task[CompletedPartTypeDef]] = deque()
        with await asyncio.to_thread(source.open, "rb") as file:
            count = math.ceil(os.fstat(file.fileno()).st_size / PART_BYTES)
            try:
                for number in range(1, count + 1):
                    if len(sending) == PARTS_AT_ONCE:
                        parts.append(await _oldest(sending))
                    sending.append(asyncio.create_task(self._send_part(upload, number, file)))
                while sending:
                    parts.append(await _oldest(sending))
            finally:
                await _let_go(sending)
        return parts

    async def _send_part(
        self, upload: dict[str, Any], number: int, file: BinaryIO
    ) -> CompletedPartTypeDef:
        async with self._room:
            data = await asyncio.to_thread(
                os.pread, file.fileno(), PART_BYTES, (number - 1) * PART_BYTES
            )
            sent = await called(
                self._seam,
                "storage.part",
                lambda: self._client.upload_part(**upload, PartNumber=number, Body=BytesIO(data)),
            )
        return {"PartNumber": number, "ETag": require(sent, "ETag")}

    async def _abort(self, upload: dict[str, Any]) -> None:
        """Drop the parts sent so far, until R2 no longer knows the upload.

        What this misses, R2 drops after seven days.
        """
        for _ in range(times.UPLOAD_ABORTS):
            try:
                await called(
                    self._seam,
                    "storage.abort_multipart",
                    lambda: self._client.abort_multipart_upload(**upload),
                    seconds=times.UPLOAD_ABORT,
                )
            except Refusal as refusal:
                if refusal.status == HTTPStatus.NOT_FOUND:
                    return
            except StorageUnavailable:
                continue


async def _oldest(sending: deque[asyncio.Task[CompletedPartTypeDef]]) -> CompletedPartTypeDef:
    """Wait for the part that was begun first; whoever is cancelled meanwhile leaves it be."""
    await asyncio.wait({sending[0]})
    return sending.popleft().result()


async def _let_go(sending: deque[asyncio.Task[CompletedPartTypeDef]]) -> None:
    if sending:
        await asyncio.wait(sending, timeout=times.PART_DRAIN)
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
