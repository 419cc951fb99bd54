"""The files of the stand-in's CDN: uploads and finished videos."""

import re
from pathlib import Path
from uuid import uuid4

from app.local_fal import disk

BASE_URL = "https://v3.fal.media"
FILES_URL = f"{BASE_URL}/files/"
SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
}
CONTENT_TYPES = {suffix: content_type for content_type, suffix in SUFFIXES.items()}
NAME = re.compile(r"[0-9a-f]{32}\.[0-9a-z]+")


class Media:
    """Files in one folder, under generated names whose suffix gives the content type."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder and remove expired files."""
        disk.open_folder(self._folder)
        for path in self._folder.iterdir():
            if disk.expired(path):
                path.unlink()

    def reserve(self, content_type: str) -> Path:
        """Return a path for a new file of this type; nothing is written yet."""
        suffix = SUFFIXES.get(content_type.partition(";")[0].strip().lower(), ".bin")
        return self._folder / f"{uuid4().hex}{suffix}"

    def path_of(self, name: str) -> Path | None:
        """Return the path for the file ``name``, or None if local fal gives no such names."""
        return self._folder / name if NAME.fullmatch(name) else None

    def find(self, name: str) -> Path | None:
        """Return the path of the file ``name``, or None if it does not exist."""
        path = self.path_of(name)
        return path if path and path.is_file() else None

    def find_url(self, url: str) -> Path | None:
        """Return the path of the file at ``url``, or None if local fal does not serve that URL."""
        return self.find(url.removeprefix(FILES_URL)) if url.startswith(FILES_URL) else None


def url_of(path: Path) -> str:
    """Return the URL that serves ``path``."""
    return FILES_URL + path.name


def content_type_of(path: Path) -> str:
    """Return the content type that ``path`` is served with."""
    return CONTENT_TYPES.get(path.suffix, "application/octet-stream")
