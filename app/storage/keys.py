"""The keys of stored objects.

A video is ``users/USER/library/DAY-TEMPLATE.mp4`` with a poster, a ``.jpg``, beside it. A start
image is ``users/USER/start/JOB.png``, ``.jpg`` or ``.webp``.
"""

import hashlib
from datetime import date
from pathlib import PurePosixPath
from urllib.parse import quote

LONGEST_NAME = 255
"""Bytes of one name in a file system; R2 allows 1,024 bytes for a whole key."""
LONGEST_SLUG = 200
"""Bytes of a template's slug, which leaves room for the day, the number and the extension."""

START_EXTENSIONS = ("png", "jpg", "webp")
_CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}


def folder_of(user: str) -> str:
    """Return the folder name of ``user``; no two users have the same.

    Raises:
        ValueError: ``user`` is empty or cannot be encoded as UTF-8.

    """
    if not user:
        raise ValueError("the user has no name")
    # quote() keeps the tilde. It is escaped here, because it marks a digest below.
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


def start_key(user: str, job_id: str, extension: str) -> str:
    """Return the key of a job's start image; the extension has no dot."""
    return f"users/{folder_of(user)}/start/{job_id}.{extension}"


def is_start_key_of(key: str, user: str, job_id: str) -> bool:
    """Return whether ``key`` is one that :func:`start_key` makes for this job.

    Rows of the legacy stack may name anything as their start image.
    """
    return any(key == start_key(user, job_id, each) for each in START_EXTENSIONS)


def content_type_of(key: str) -> str:
    """Return the content type of the object under ``key``.

    Raises:
        ValueError: the key is neither a video's nor an image's.

    """
    try:
        return _CONTENT_TYPES[PurePosixPath(key).suffix]
    except KeyError:
        raise ValueError(f"{key} is the key of neither a video nor an image") from None


def disposition_of(*, download: bool) -> str:
    """Return the disposition type: a browser saves a download, and shows anything else."""
    return "attachment" if download else "inline"
