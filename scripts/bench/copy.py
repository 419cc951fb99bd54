"""The least time that a copy takes: from a media host into a multipart upload.

``python -m scripts.bench.copy URL BUCKET_URL`` uses the service's clients. It
does not check, hash or store the bytes on disk. It prints the seconds from the first request to the
last answer.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from app.storage.r2_client import s3_client
from tests.support.stand_ins.fal_hosts import CDN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024
IN_FLIGHT = 2
"""Parts in flight while more is read. Both numbers are the service's."""


async def copy(url: str, bucket_url: str) -> float:
    """Return the seconds that the copy took."""
    store = urlsplit(bucket_url)
    keys = os.environ["R2_ACCESS_KEY_ID"], os.environ["R2_SECRET_ACCESS_KEY"]
    async with (
        httpx.AsyncClient() as media,
        s3_client(f"{store.scheme}://{store.netloc}", *keys, "auto") as s3,
    ):
        begun = time.perf_counter()
        at: dict[str, Any] = {"Bucket": store.path.strip("/"), "Key": f"{uuid4()}.mp4"}
        created = await s3.create_multipart_upload(**at)
        upload = at | {"UploadId": created["UploadId"]}
        places = asyncio.Semaphore(IN_FLIGHT)

        async def send(number: int, part: bytes) -> CompletedPartTypeDef:
            sent = await s3.upload_part(**upload, PartNumber=number, Body=BytesIO(part))
            places.release()
            return {"PartNumber": number, "ETag": sent["ETag"]}

        sends: list[asyncio.Task[CompletedPartTypeDef]] = []
        async with (
            asyncio.TaskGroup() as uploads,
            media.stream("GET", url, headers={"Host": CDN}) as response,
        ):
            async for part in _parts(response):
                await places.acquire()
                sends.append(uploads.create_task(send(len(sends) + 1, part)))
        parts = [sent.result() for sent in sends]
        await s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        return time.perf_counter() - begun


async def _parts(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield parts of one size; httpx's own chunking copies each byte three times."""
    gathered = bytearray()
    async for chunk in response.aiter_raw():
        gathered += chunk
        if len(gathered) >= PART_BYTES:
            yield bytes(gathered[:PART_BYTES])
            del gathered[:PART_BYTES]
    if gathered:
        yield bytes(gathered)


if __name__ == "__main__":
    print(asyncio.run(copy(*sys.argv[1:])))
