"""The page's bundle: its scripts in one file and its styles in another.

Over HTTP/1.1 on a slow line, 60 modules take seconds longer than one file. ``make bundle`` writes
the bundle with esbuild, and it is committed, so that no installation needs Node.js. Its first line
has the digest of the sources. A bundle of other sources is never served: the page then loads the
sources themselves.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """The script and the style sheet that the page names."""

    script: str
    styles: str


SOURCES = Entry("app.js", "styles/page.css")
BUNDLE = Entry("bundle.js", "bundle.css")


def entry(folder: Path) -> Entry:
    """Return the bundle in ``folder`` if it is of the sources there, otherwise the sources."""
    line = first_line(folder)
    files = (folder / BUNDLE.script, folder / BUNDLE.styles)
    is_current = all(file.exists() and _starts_with(file, line) for file in files)
    return BUNDLE if is_current else SOURCES


def first_line(folder: Path) -> str:
    """Return the first line of a bundle of the sources in ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(_sources(folder)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return f"/* Written by make bundle. Sources: {digest.hexdigest()} */"


def _sources(folder: Path) -> Iterator[Path]:
    for pattern in ("*.js", "*.css"):
        for path in folder.rglob(pattern):
            if path.name not in {BUNDLE.script, BUNDLE.styles}:
                yield path


def _starts_with(file: Path, line: str) -> bool:
    with file.open(encoding="utf-8") as text:
        return text.readline().rstrip("\n") == line
