"""The interface of every storage of finished videos."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.storage.arriving_file import ArrivingFile


@dataclass(frozen=True)
class StoredObject:
    """The facts about a stored object; ``size`` is in bytes."""

    size: int
    sha256: str | None
    """In hexadecimal; None if it is unknown."""
    owner: str | None
    """The id of the job that stored the object; None if it is unknown."""


class Finish(Protocol):
    """Stores a file that has arrived and been checked; raises as :meth:`Storage.put` does."""

    async def __call__(self, *, sha256: str) -> None: ...


class Storage(Protocol):
    """Stores objects under keys. An object never changes.

    The key's extension decides the content type, see :func:`app.storage.keys.content_type_of`.
    """

    async def put(self, key: str, source: Path, *, sha256: str, owner: str) -> None:
        """Store a file under ``key``; succeeds as well if the same bytes are there already.

        ``sha256`` is the file's digest in hexadecimal, ``owner`` the id of the job.

        Raises:
            ObjectTaken: the key holds other bytes, which stay as they are; or the storage takes
                none under it.
            StorageUnavailable: the file may not be stored; the call can be repeated.

        """

    def upload(
        self, key: str, source: ArrivingFile, *, owner: str
    ) -> AbstractAsyncContextManager[Finish]:
        """Send a file while it arrives, as far as the storage can, and while the body runs.

        Nothing is stored before the body calls what it is given. The storage may keep the file
        itself, so nobody writes to it afterwards.
        """

    async def url(self, key: str, *, download: bool = False) -> str:
        """Return an address that a browser can use for at least the next hour.

        With ``download``, a browser saves the object under the last part of its key, instead of
        showing it.

        Raises:
            StorageUnavailable: the address cannot be signed.

        """

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        """Return the object under ``key``, or None; ``read`` computes the digest of its bytes.

        Raises:
            StorageUnavailable: the storage does not answer.

        """

    async def save(self, key: str, target: Path) -> None:
        """Write the bytes of an object to a file of this machine.

        Raises:
            StorageUnavailable: there is no such object, or it cannot be read.

        """

    async def delete(self, key: str) -> None:
        """Delete an object; succeeds as well if there is none.

        Raises:
            StorageUnavailable: the object may still be there.

        """

    async def check(self) -> None:
        """Return if the storage can be used now; takes at most ``times.STORAGE_CHECK`` seconds.

        Raises:
            StorageUnavailable: the message gives the reason.

        """
