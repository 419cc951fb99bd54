"""Addresses of objects in R2: public ones, or signed ones that expire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from cachetools import TTLCache

from app.storage.keys import disposition_of

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

REUSE_SECONDS = 600
"""An address stays the same for this time, so that a browser fetches a video once."""
LIFETIME_SECONDS = 3600
"""The shortest time that an address is valid."""
REMEMBERED_URLS = 4096


class R2Addresses:
    """Makes the addresses of the objects of a bucket, and remembers the signed ones."""

    def __init__(self, client: S3Client, bucket: str, public_url: str | None) -> None:
        self._client = client
        self._bucket = bucket
        self._public_url = public_url.rstrip("/") if public_url else None
        # By the wall clock, because a signature expires by it.
        self._signed: TTLCache[tuple[str, bool], str] = TTLCache(
            REMEMBERED_URLS, REUSE_SECONDS, timer=time.time
        )

    async def of(self, key: str, *, download: bool) -> str:
        """Return the address that shows the object, or that saves it."""
        # A public address cannot carry a disposition, so a download is always signed.
        if self._public_url and not download:
            return f"{self._public_url}/{quote(key)}"
        url = self._signed.get((key, download))
        if url is None:
            url = self._signed[key, download] = await self._sign(key, download=download)
        return url

    async def _sign(self, key: str, *, download: bool) -> str:
        params = {"Bucket": self._bucket, "Key": key}
        if download:
            params["ResponseContentDisposition"] = content_disposition(key, download=True)
        return await self._client.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=REUSE_SECONDS + LIFETIME_SECONDS
        )


def content_disposition(key: str, *, download: bool = False) -> str:
    """Return the Content-Disposition of an object; it is saved under the last part of its key."""
    kind, name = disposition_of(download=download), key.rpartition("/")[2]
    quoted = quote(name)
    if quoted == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename*=utf-8''{quoted}"
