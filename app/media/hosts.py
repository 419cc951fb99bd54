"""The list of hosts from which videos are downloaded, ``FAL_MEDIA_HOSTS``."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import unquote

import httpx


class MediaHosts:
    """The hosts from which videos are downloaded.

    An entry is a host (``fal.media``), all hosts below one (``*.fal.media``), or a host with
    the first folders of the path (``storage.googleapis.com/falserverless``).
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = [entry.strip("/").split("/") for entry in entries]

    def allow(self, url: str) -> bool:
        """Return whether ``url`` is allowed: https, the default port, a host name on the list."""
        if not url.isprintable():  # half of a surrogate pair is not printable either
            return False
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            return False
        host = parts.raw_host.decode("ascii")
        if parts.scheme != "https" or parts.userinfo or parts.port or _is_address(host):
            return False
        folders = parts.raw_path.decode("ascii").partition("?")[0].split("/")[1:]
        if any(_is_traversal(folder) for folder in folders):
            return False
        return any(
            _matches(pattern.lower(), host) and folders[: len(prefix)] == prefix
            for pattern, *prefix in self._entries
        )


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _is_traversal(folder: str) -> bool:
    """Return whether a server may understand the folder as another path."""
    decoded = unquote(folder)
    return decoded in {".", ".."} or "/" in decoded or "\\" in decoded


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
