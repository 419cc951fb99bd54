"""Upload of a large file to R2 in parts of equal size, which R2 requires."""

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
from app.storage.r2_calls import Refusal, call_r2, require_field

if TYPE_CHECKING:
    from pathlib import Path

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

    from app.telemetry.seam import Seam

PART_BYTES = 8 * 1024 * 1024
PARTS_AT_ONCE = 2
"""Parts of one file in flight; one connection does not use the whole bandwidth."""
PARTS_IN_MEMORY = 8
"""Parts of all uploads together."""


class Multipart:
    """Sends files in parts; all uploads share one limit of memory."""

    def __init__(self, client: S3Client, seam: Seam) -> None:
        self._client = client
        self._seam = seam
        self._memory = asyncio.Semaphore(PARTS_IN_MEMORY)

    async def send(self, source: Path, at: dict[str, Any], about: dict[str, Any]) -> None:
        """Store the file, or abort the upload.

        Raises:
            Refusal: R2 refused; with status 412 if the key holds an object.
            StorageUnavailable: R2 did not answer.

        """
        created = await call_r2(
            self._seam,
            "storage.create_multipart",
            lambda: self._client.create_multipart_upload(**at, **about),
        )
        upload = {**at, "UploadId": require_field(created, "UploadId")}
        try:
            parts = await self._send_parts(source, upload)
            completed = await call_r2(
                self._seam,
                "storage.complete_multipart",
                lambda: self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                ),
            )
            require_field(completed, "ETag")
        except BaseException:  # a cancelled upload is aborted as well
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
                await _drain_parts(sending)
        return parts

    async def _send_part(
        self, upload: dict[str, Any], number: int, file: BinaryIO
    ) -> CompletedPartTypeDef:
        async with self._memory:
            data = await asyncio.to_thread(
                os.pread, file.fileno(), PART_BYTES, (number - 1) * PART_BYTES
            )
            sent = await call_r2(
                self._seam,
                "storage.part",
                lambda: self._client.upload_part(**upload, PartNumber=number, Body=BytesIO(data)),
            )
        return {"PartNumber": number, "ETag": require_field(sent, "ETag")}

    async def _abort(self, upload: dict[str, Any]) -> None:
        """Delete the parts sent so far: repeat the abort until R2 no longer knows the upload.

        R2 deletes an upload that is still there after seven days.
        """
        for _ in range(times.UPLOAD_ABORTS):
            try:
                await call_r2(
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
    """Return the result of the oldest part; a cancellation does not cancel the part."""
    await asyncio.wait({sending[0]})
    return sending.popleft().result()


async def _drain_parts(sending: deque[asyncio.Task[CompletedPartTypeDef]]) -> None:
    """Let parts arrive before the abort, because a part that is on its way outlives it."""
    if sending:
        await asyncio.wait(sending, timeout=times.PART_DRAIN)
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
