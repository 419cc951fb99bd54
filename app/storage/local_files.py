"""Videos in a folder of this machine, served under signed addresses that expire."""

import asyncio
import functools
import hmac
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeVar

from app import times
from app.errors import ObjectTaken, StorageUnavailable
from app.storage.arriving_file import ArrivingFile
from app.storage.file_names import Place, link, sha256_of, store_once
from app.storage.keys import content_type_of, disposition_of
from app.storage.local_addresses import address, expiry_of_address, signature_of
from app.storage.protocol import Finish, StoredObject
from app.telemetry.dependencies import record
from app.telemetry.seam import Seam, direct

T = TypeVar("T")

THREADS = 16
"""Of the folder alone: when it hangs, the default executor still looks up names for connections.

Eight deliveries and two start images that are copied leave some for other calls.
"""
STALE_SECONDS = 86400
"""Longer than any copy takes: an older file in ``.incoming`` was left by a killed process."""


@dataclass(frozen=True, kw_only=True)
class ServedFile:
    """A file that an address gives access to, for ``seconds_left`` more seconds."""

    path: Path
    content_type: str
    disposition: str
    """``inline``, or ``attachment`` for a download."""
    stat: os.stat_result
    seconds_left: int


LONGEST_NAME = 255
"""Bytes of a part of a path, on the usual file systems."""


class LocalFiles:
    """A :class:`~app.storage.protocol.Storage` in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        base_url: str = "",
        seam: Seam = direct,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Create nothing yet; ``base_url`` precedes ``/media/…`` in the addresses."""
        self._folder = folder.resolve()
        self._base_url = base_url
        self._seam = seam
        self._now = now
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")
        self._probe: Future[None] | None = None

    def close(self) -> None:
        """End the threads; one that hangs is left."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def tidy(self) -> None:
        """Delete incomplete files of killed processes; raises OSError if the folder fails."""
        for file in self._incoming.iterdir():
            if file.stat().st_mtime < self._now() - STALE_SECONDS:
                file.unlink()

    async def put(self, key: str, source: Path, *, sha256: str, owner: str) -> None:
        await self._put(key, source, self._copy, sha256=sha256, owner=owner)

    @asynccontextmanager
    async def upload(self, key: str, source: ArrivingFile, *, owner: str) -> AsyncIterator[Finish]:
        yield functools.partial(self._put, key, source.path, self._take, owner=owner)

    async def _put(
        self,
        key: str,
        source: Path,
        place: Place,
        *,
        sha256: str,
        owner: str,
    ) -> None:
        def store() -> None:
            path, owner_file = self._path(key), self._owner_file(key)
            is_new = not path.exists()
            if is_new:  # first the owner: a process that dies in between leaves no file unowned
                owner_file.parent.mkdir(parents=True, exist_ok=True)
                owner_file.write_text(owner)
            try:
                store_once(source, path, place, sha256)
            except ObjectTaken:
                if is_new:
                    owner_file.unlink(missing_ok=True)
                raise

        await self._call("storage.put", store)

    async def url(self, key: str, *, download: bool = False) -> str:
        expires = expiry_of_address(self._now())
        return self._base_url + address(self._usable_signing_key(), key, expires, download)

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        def find() -> StoredObject | None:
            path = self._possible_path(key)
            if path is None or not path.is_file():
                return None
            owner_file = self._owner_file(key)
            return StoredObject(
                path.stat().st_size,
                sha256_of(path) if read else None,
                owner_file.read_text() if owner_file.exists() else None,
            )

        return await self._call("storage.find", find)

    async def save(self, key: str, target: Path) -> None:
        await self._call("storage.get", lambda: shutil.copyfile(self._path(key), target))

    async def delete(self, key: str) -> None:
        def delete() -> None:
            if (path := self._possible_path(key)) is None:
                return
            for each in (path, self._owner_file(key)):
                with suppress(IsADirectoryError, NotADirectoryError):  # it is no object
                    each.unlink(missing_ok=True)

        await self._call("storage.delete", delete)

    async def check(self) -> None:
        try:
            async with asyncio.timeout(times.STORAGE_CHECK):  # a disk can hang
                await self._answer("storage.check", self._probed)
        except TimeoutError as error:
            record("storage", up=False)
            raise StorageUnavailable("The storage folder hangs. Check STORAGE_DIR.") from error

    async def resolve(
        self, key: str, *, expires: str, signature: str, download: bool = False
    ) -> ServedFile | None:
        """Return the file of an address that :meth:`url` signed.

        None if the address is forged or has expired, or if there is no such video or poster.

        Raises:
            StorageUnavailable: the signing key cannot be read.

        """
        disposition = disposition_of(download=download)
        signed = signature_of(self._usable_signing_key(), key, expires, disposition)
        if not hmac.compare_digest(signed.encode(), signature.encode()):
            return None
        seconds_left = int(int(expires) - self._now())
        if seconds_left <= 0:
            return None
        try:
            path = self._path(key)
            return ServedFile(
                path=path,
                content_type=content_type_of(path.name),
                disposition=disposition,
                stat=await self._in_thread(path.stat),
                seconds_left=seconds_left,
            )
        except (ValueError, OSError):
            return None

    async def _call(self, name: str, work: Callable[[], T]) -> T:
        """Carry out ``work`` in a thread; an OSError becomes StorageUnavailable."""
        return await self._answer(name, lambda: self._in_thread(work))

    async def _answer(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await self._seam(name, call)
        except OSError as error:
            record("storage", up=False)
            raise _unavailable(error) from error
        record("storage", up=True)
        return result

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _probed(self) -> None:
        """Wait for the running probe, or for a new one: a folder that hangs holds one thread."""
        if self._probe is None or self._probe.done():
            self._probe = self._threads.submit(self._write_something)
        await asyncio.shield(asyncio.wrap_future(self._probe))  # others may wait for it

    def _path(self, key: str) -> Path:
        """Return the path of ``key``.

        Raises:
            ValueError: the path is hidden or outside the folder.

        """
        if any(not part or part.startswith(".") for part in key.split("/")):
            raise ValueError("a part of the key is empty or starts with a dot")
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError("the key leads out of the folder")
        return path

    def _possible_path(self, key: str) -> Path | None:
        """Return the path of ``key``; None for one of the replaced stack that no file can have."""
        try:
            if any(len(part.encode()) > LONGEST_NAME for part in key.split("/")):
                return None
            return self._path(key)
        except ValueError:
            return None

    def _owner_file(self, key: str) -> Path:
        """Return the file that names the owner of ``key``; it is written before the object."""
        return self._folder / ".owners" / key

    def _copy(self, source: Path, target: Path) -> bool:
        with NamedTemporaryFile(dir=self._incoming) as copy:
            with source.open("rb") as original:
                shutil.copyfileobj(original, copy, length=1 << 20)
            return link(copy, target)

    def _take(self, source: Path, target: Path) -> bool:
        """Make ``source`` itself the object if it is on the same file system, otherwise copy it."""
        try:
            with source.open("rb") as file:
                os.fchmod(file.fileno(), 0o600)  # as private as a copy
                return link(file, target)
        except OSError:
            return self._copy(source, target)

    def _write_something(self) -> None:
        with NamedTemporaryFile(dir=self._incoming) as file:
            file.write(b"\0")
            file.flush()

    @property
    def _incoming(self) -> Path:
        """The folder of incomplete files: on the same file system, never served."""
        folder = self._folder / ".incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _usable_signing_key(self) -> bytes:
        try:
            return self._signing_key
        except OSError as error:
            raise _unavailable(error) from error

    @cached_property
    def _signing_key(self) -> bytes:
        path = self._folder / ".signing-key"
        if not path.exists():
            with NamedTemporaryFile(dir=self._incoming) as file:
                file.write(secrets.token_bytes(32))
                link(file, path)  # fails if another process was faster; its key counts
        return path.read_bytes()


def _unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"The storage folder fails: {error.strerror or type(error).__name__}. Check STORAGE_DIR."
    )
