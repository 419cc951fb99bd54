"""Upload to R2 in parts of equal size, which R2 requires; a file may be sent while it arrives."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, cast

from app import times
from app.errors import StorageUnavailable
from app.storage.r2_calls import KeyTaken, Refusal, call_r2, require_field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

    from app.storage.arriving_file import ArrivingFile
    from app.telemetry.seam import Seam

PART_BYTES = 8 * 1024 * 1024
PARTS_AT_ONCE = 2
"""Parts of one file in flight; one connection does not use the whole bandwidth."""
PARTS_IN_FLIGHT = 8
"""Parts of all uploads together: the client has ten connections."""
READ_BYTES = 512 * 1024
"""Read at a time from the file of a part that is being sent."""

Approval = Callable[[], Awaitable[object]]
"""Returns when the sent parts may become an object."""


class Multipart:
    """Sends files in parts; all uploads share one limit of connections."""

    def __init__(self, client: S3Client, seam: Seam) -> None:
        self._client = client
        self._seam = seam
        self._in_flight = asyncio.Semaphore(PARTS_IN_FLIGHT)

    async def send(
        self, source: ArrivingFile, at: dict[str, Any], about: dict[str, Any], approval: Approval
    ) -> None:
        """Store the file once it is approved, or abort the upload.

        Raises:
            KeyTaken: the key holds an object.
            StorageUnavailable: R2 refused, or did not answer.

        """
        created = await call_r2(
            self._seam,
            "storage.create_multipart",
            lambda: self._client.create_multipart_upload(**at, **about),
        )
        upload = {**at, "UploadId": require_field(created, "UploadId")}
        try:
            parts = await self._send_parts(source, upload)
            await approval()
            await self._complete(upload, parts)
        except BaseException:  # a cancelled upload is aborted as well
            await self._abort(upload)
            raise

    async def _send_parts(
        self, source: ArrivingFile, upload: dict[str, Any]
    ) -> list[CompletedPartTypeDef]:
        parts: list[CompletedPartTypeDef] = []
        sending: deque[_SentPart] = deque()
        start = 0
        size = await source.size_of_part(start, PART_BYTES)
        with await asyncio.to_thread(source.path.open, "rb") as file:
            try:
                while size:
                    if len(sending) == PARTS_AT_ONCE:
                        parts.append(await sending[0].sent())
                        sending.popleft()
                    body = PartBody(source, file.fileno(), start, size)
                    number = len(parts) + len(sending) + 1
                    sending.append(_SentPart(body, self._send_part(upload, number, body)))
                    start += size
                    size = await source.size_of_part(start, PART_BYTES)
                while sending:
                    parts.append(await sending[0].sent())
                    sending.popleft()
            finally:
                await _drain_parts(sending)
        return parts

    async def _send_part(
        self, upload: dict[str, Any], number: int, body: PartBody
    ) -> CompletedPartTypeDef:
        async with self._in_flight:
            sent = await call_r2(
                self._seam,
                "storage.part",
                lambda: self._client.upload_part(
                    **upload, PartNumber=number, Body=cast("IO[bytes]", body)
                ),
                is_all_there=lambda: body.is_there,
            )
        return {"PartNumber": number, "ETag": require_field(sent, "ETag")}

    async def _complete(self, upload: dict[str, Any], parts: list[CompletedPartTypeDef]) -> None:
        try:
            completed = await call_r2(
                self._seam,
                "storage.complete_multipart",
                lambda: self._client.complete_multipart_upload(
                    **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                ),
            )
        except Refusal as refusal:
            if refusal.status == HTTPStatus.PRECONDITION_FAILED:
                raise KeyTaken(etag_of_parts(parts)) from refusal
            raise
        require_field(completed, "ETag")

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


class PartBody:
    """The bytes of one part, each sent as soon as it arrives; they can be sent again.

    botocore takes a body that has ``read``, asks for its length and rewinds it for a repetition;
    aiohttp iterates over it.
    """

    def __init__(self, source: ArrivingFile, handle: int, start: int, size: int) -> None:
        self._source = source
        self._handle = handle
        self._start = start
        self._size = size

    def __len__(self) -> int:
        return self._size

    @property
    def is_there(self) -> bool:
        """All its bytes have arrived."""
        return self._source.has(self._start + self._size)

    def seek(self, position: int) -> None:
        """Do nothing: each iteration begins at the start."""

    def read(self) -> bytes:
        raise NotImplementedError("the body is iterated over")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        position, end = self._start, self._start + self._size
        while position < end:
            most = min(READ_BYTES, end - position)
            data = await self._source.read(self._handle, position, most)
            position += len(data)
            yield data


class _SentPart:
    """A part on its way."""

    def __init__(self, body: PartBody, sending: Awaitable[CompletedPartTypeDef]) -> None:
        self.body = body
        self.task = asyncio.ensure_future(sending)

    async def sent(self) -> CompletedPartTypeDef:
        """Wait for the part; a cancellation does not cancel it."""
        await asyncio.wait({self.task})
        return self.task.result()


async def _drain_parts(sending: deque[_SentPart]) -> None:
    """Let parts arrive before the abort, because a part that is on its way outlives it.

    One whose bytes are not all there cannot arrive.
    """
    complete = {part.task for part in sending if part.body.is_there}
    try:
        if complete:
            await asyncio.wait(complete, timeout=times.PART_DRAIN)
    finally:  # also if this is cancelled: no part may read from the file once it is closed
        for part in sending:
            part.task.cancel()
        await asyncio.gather(*(part.task for part in sending), return_exceptions=True)


def etag_of_parts(parts: list[CompletedPartTypeDef]) -> str | None:
    """Return the ETag of the object that the parts make; None if R2 names parts otherwise."""
    try:
        digests = [bytes.fromhex(part["ETag"].strip('"')) for part in parts]
    except ValueError:
        return None
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    return f'"{whole}-{len(parts)}"'
