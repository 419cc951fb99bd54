"""What a store of finished videos promises, and how its keys are built."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

# What file systems allow for one name; R2 allows 1024 bytes for the whole key.
LONGEST_NAME = 255
LONGEST_SLUG = 200


@dataclass(frozen=True)
class StoredObject:
    """What a store has under a key; ``sha256`` in hexadecimal and ``owner`` where known."""

    size: int
    sha256: str | None
    owner: str | None


class Storage(Protocol):
    """Holds objects that never change once they are there."""

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
        """Store the file's bytes under ``key``, once; the same bytes already there are fine.

        What is stored remembers its ``owner``, a job.

        Raises:
            ObjectTaken: other bytes stand under the key, and are left alone.
            StorageUnavailable: nothing is known to have been stored; the same call may be repeated.

        """

    async def url(self, key: str) -> str:
        """Return an address that a browser can use now and for the next hour.

        Raises:
            StorageUnavailable: no address can be signed.

        """

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        """Return what stands under ``key``, or None; ``read`` makes sure of its very bytes.

        Raises:
            StorageUnavailable: nobody knows.

        """

    async def delete(self, key: str) -> None:
        """Remove an object that nobody needs; one that is not there is fine.

        Raises:
            StorageUnavailable: it may still be there.

        """

    async def check(self) -> None:
        """Return where the store can take objects now.

        Raises:
            StorageUnavailable: says why not.

        """


def folder_of(user: str) -> str:
    """Return the one folder name that belongs to ``user`` and to nobody else.

    Raises:
        ValueError: ``user`` is empty, or no Unicode text.

    """
    if not user:
        raise ValueError("a user has a name")
    # quote() spares the tilde, which therefore is free to mark a digest.
    folder = quote(user, safe="@").replace("~", "%7E")
    if folder.startswith("."):
        folder = f"%2E{folder[1:]}"
    if len(folder) > LONGEST_NAME:
        return f"~{hashlib.sha256(user.encode()).hexdigest()}"
    return folder


def video_key_base(user: str, day: date, slug: str) -> str:
    """Return the key of a video without its number and extension."""
    name = quote(slug, safe="")
    if len(name) > LONGEST_SLUG:
        name = hashlib.sha256(slug.encode()).hexdigest()
    return f"users/{folder_of(user)}/library/{day.isoformat()}-{name}"


def poster_key(video_key: str) -> str:
    """Return the key of the poster that belongs to a video."""
    return f"{video_key.removesuffix('.mp4')}.jpg"


def inline_disposition(download_name: str) -> str:
    """Return the Content-Disposition that shows an object, and names it where it is saved."""
    quoted = quote(download_name)
    if quoted == download_name:
        return f'inline; filename="{download_name}"'
    return f"inline; filename*=utf-8''{quoted}"
