"""Names of files in a folder: each is given once, to a complete file."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from app.errors import ObjectTaken

Place = Callable[[Path, Path], bool]
"""Gives a file, or a copy of it, a name in the storage; False if the name is taken."""


def store_once(source: Path, target: Path, place: Place, sha256: str) -> None:
    """Give the file the name ``target``; raises ObjectTaken if another file has it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not place(source, target) and sha256_of(target) != sha256:
        raise ObjectTaken(f"{target.name} already exists with other bytes.")


def link(file: IO[bytes], target: Path) -> bool:
    """Give a complete file another name on disk; False if the name is taken."""
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


def sha256_of(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
