"""Which build of the service runs."""

from pathlib import Path

VERSION = "0.1.0"
"""As in ``pyproject.toml``, which an image does not have."""


def release() -> str:
    """Return the commit that ``scripts/release.sh`` installed, "" if it was installed otherwise."""
    marker = Path(__file__).parents[2] / ".release"
    return marker.read_text().strip() if marker.exists() else ""
