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
    """Flat files under names of our own making, whose suffix tells the content type."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder and drop what has expired."""
        disk.open_folder(self._folder)
        for path in self._folder.iterdir():
            if disk.expired(path):
                path.unlink()

    def reserve(self, content_type: str) -> Path:
        """Choose a place for a new file of this type; nothing is written yet."""
        suffix = SUFFIXES.get(content_type.partition(";")[0].strip().lower(), ".bin")
        return self._folder / f"{uuid4().hex}{suffix}"

    def place(self, name: str) -> Path | None:
        """Return where the file called ``name`` belongs, or None if no file of ours is."""
        return self._folder / name if NAME.fullmatch(name) else None

    def find(self, name: str) -> Path | None:
        """Return the file called ``name``, or None if there is none."""
        path = self.place(name)
        return path if path and path.is_file() else None

    def find_url(self, url: str) -> Path | None:
        """Return the file that ``url`` points at, or None if it is not one of ours."""
        return self.find(url.removeprefix(FILES_URL)) if url.startswith(FILES_URL) else None


def url_of(path: Path) -> str:
    """Return the address under which ``path`` is served."""
    return FILES_URL + path.name


def content_type_of(path: Path) -> str:
    """Return the content type that ``path`` is served with."""
    return CONTENT_TYPES.get(path.suffix, "application/octet-stream")
