"""Files that arrive while they are sent to R2, and the calls that send them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from typing import TYPE_CHECKING
from uuid import uuid4

from app.storage.arriving_file import ArrivingFile
from app.storage.r2_multipart import PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from app.storage.r2 import R2Storage
    from app.telemetry.seam import T

CONTENT = os.urandom(2 * PART_BYTES + 12_345)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OWNER = "job-1"


class Calls:
    """A seam that counts the calls by name; those of one name fail, or lose their answer."""

    def __init__(self, failing: str = "", *, after_effect: bool = False) -> None:
        self.failing = failing
        self.after_effect = after_effect
        self.counts: Counter[str] = Counter()
        self._ended = asyncio.Condition()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name == self.failing:
            if self.after_effect:
                await call()
            self.counts[f"failed {name}"] += 1
            raise ConnectionResetError
        answer = await call()
        async with self._ended:
            self.counts[name] += 1
            self._ended.notify_all()
        return answer

    async def until(self, name: str, count: int) -> None:
        async with self._ended:
            await self._ended.wait_for(lambda: self.counts[name] >= count)


class Growing(ArrivingFile):
    """A file that a test lets arrive."""

    def __init__(self, folder: Path, content: bytes = CONTENT, *, announced: bool = True) -> None:
        super().__init__(folder / f"{uuid4()}.mp4")
        self.content = content
        self._announced = len(content) if announced else None

    def arrive(self, size: int) -> None:
        self.path.write_bytes(self.content[:size])
        self.grow(size, self._announced)

    def end(self) -> None:
        self.path.write_bytes(self.content)
        self.grow(len(self.content), len(self.content))


async def unfinished_uploads(storage: R2Storage) -> int:
    listed = await storage._client.list_multipart_uploads(Bucket="videos")
    return len(listed.get("Uploads", []))


async def store(storage: R2Storage, key: str, file: Growing) -> None:
    async with storage.upload(key, file, owner=OWNER) as finish:
        file.end()
        await finish(sha256=hashlib.sha256(file.content).hexdigest())
