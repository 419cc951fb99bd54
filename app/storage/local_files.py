"""Videos in a folder of this machine, served under signed addresses that expire."""

import asyncio
import hashlib
import hmac
import os
import secrets
import shutil
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.errors import NotFound, ObjectTaken, StorageUnavailable
from app.storage.protocol import StoredObject
from app.telemetry.seam import Seam, direct

T = TypeVar("T")

CONTENT_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".webp": "image/webp"}

# Addresses made within one step are the same, so that a browser fetches a video once.
STEP_SECONDS = 600
LIFETIME_SECONDS = 3600
STALE_SECONDS = 86400
"""Longer than any copy takes: what is older in ``.incoming`` was left by a killed process."""


class LocalFiles:
    """A :class:`~app.storage.protocol.Storage` in a folder.

    ``base_url`` precedes ``/media/…`` in the addresses it signs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        base_url: str = "",
        seam: Seam = direct,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder.resolve()
        self._base_url = base_url
        self._seam = seam
        self._now = now

    def tidy(self) -> None:
        """Remove what killed processes have left half-written."""
        for left in self._incoming.iterdir():
            if left.stat().st_mtime < self._now() - STALE_SECONDS:
                left.unlink()

    async def put(
        self,
        key: str,
        source: Path,
        *,
        content_type: str,  # noqa: ARG002 - the key's extension tells it, see CONTENT_TYPES
        sha256: str,
        download_name: str,  # noqa: ARG002 - the key's last part is the name
        owner: str,
    ) -> None:
        def place() -> None:
            if self._place(source, self._path(key), sha256):
                note = self._owner_of(key)
                note.parent.mkdir(parents=True, exist_ok=True)
                note.write_text(owner)

        try:
            await self._seam("storage.put", lambda: asyncio.to_thread(place))
        except OSError as error:
            raise _unavailable(error) from error

    async def url(self, key: str) -> str:
        step = int(self._now() // STEP_SECONDS)
        expires = str((step + 1) * STEP_SECONDS + LIFETIME_SECONDS)
        try:
            signature = self._signature(key, expires)
        except OSError as error:
            raise _unavailable(error) from error
        return f"{self._base_url}/media/{quote(key)}?expires={expires}&signature={signature}"

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        def look() -> StoredObject | None:
            path = self._path(key)
            if not path.is_file():
                return None
            note = self._owner_of(key)
            return StoredObject(
                path.stat().st_size,
                _sha256_of(path) if read else None,
                note.read_text() if note.exists() else None,
            )

        return await self._seam("storage.find", lambda: _in_thread(look))

    async def delete(self, key: str) -> None:
        def remove() -> None:
            self._path(key).unlink(missing_ok=True)
            self._owner_of(key).unlink(missing_ok=True)

        await self._seam("storage.delete", lambda: _in_thread(remove))

    async def check(self) -> None:
        try:
            await self._seam("storage.check", lambda: asyncio.to_thread(self._write_something))
        except OSError as error:
            raise _unavailable(error) from error

    async def serve(self, request: Request[Any]) -> Response:
        """Answer ``/media/{key:path}``, with ranges.

        Raises:
            NotFound: also where the signature is wrong or has expired.

        """
        key = request.path_params["key"]
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        try:
            expected = self._signature(key, expires)
        except OSError as error:
            raise _unavailable(error) from error
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise _not_found()
        seconds_left = int(int(expires) - self._now())
        if seconds_left <= 0:
            raise _not_found()
        return await self._file_response(key, max_age=seconds_left)

    async def _file_response(self, key: str, *, max_age: int) -> FileResponse:
        try:
            path = self._path(key)
            facts = await asyncio.to_thread(path.stat)
            content_type = CONTENT_TYPES[path.suffix]
        except (ValueError, OSError, KeyError):
            raise _not_found() from None
        return FileResponse(
            path,
            media_type=content_type,
            filename=path.name,
            content_disposition_type="inline",
            stat_result=facts,
            headers={"Cache-Control": f"private, max-age={max_age}"},
        )

    def _path(self, key: str) -> Path:
        """Return where ``key`` lives.

        Raises:
            ValueError: that is hidden, or outside the folder.

        """
        if any(not part or part.startswith(".") for part in key.split("/")):
            raise ValueError("a part of the key is empty or starts with a dot")
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError("the key leads out of the folder")
        return path

    def _owner_of(self, key: str) -> Path:
        """Return where the owner of ``key`` is noted, once its file is complete."""
        return self._folder / ".owners" / key

    def _place(self, source: Path, target: Path, sha256: str) -> bool:
        """Put a copy of ``source`` there; False tells that its bytes have been there before."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._incoming) as copy:
            with source.open("rb") as original:
                shutil.copyfileobj(original, copy, length=1 << 20)
            if _appear(copy, target):
                return True
            if _sha256_of(target) != sha256:
                raise ObjectTaken(f"Another file stands under {target.name}.")
            return False

    def _write_something(self) -> None:
        with NamedTemporaryFile(dir=self._incoming) as file:
            file.write(b"\0")
            file.flush()

    @property
    def _incoming(self) -> Path:
        """Where files are complete before they appear: on the same file system, never served."""
        folder = self._folder / ".incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _signature(self, key: str, expires: str) -> str:
        return hmac.new(self._signing_key, f"{expires}\n{key}".encode(), "sha256").hexdigest()

    @cached_property
    def _signing_key(self) -> bytes:
        path = self._folder / ".signing-key"
        if not path.exists():
            with NamedTemporaryFile(dir=self._incoming) as file:
                file.write(secrets.token_bytes(32))
                _appear(file, path)  # unless another process has been faster
        return path.read_bytes()


def _appear(file: IO[bytes], target: Path) -> bool:
    """Give a temporary file its name, whole and for good, unless the name is taken."""
    file.flush()
    os.fsync(file.fileno())
    try:
        os.link(file.name, target)
    except FileExistsError:
        return False
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise _unavailable(error) from error


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        f"The storage folder fails: {error.strerror or type(error).__name__}. See to STORAGE_DIR."
    )


def _not_found() -> NotFound:
    return NotFound("There is no such file, or its address has expired.")
