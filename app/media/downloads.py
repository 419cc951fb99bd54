"""A finished video on its way here: from a host that is allowed, whole, and playable."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

import anyio
import anyio.to_process
import httpx
from anyio import BrokenWorkerProcess, CapacityLimiter

from app.errors import StorageUnavailable, VideoHostAway, VideoRejected, VideoUnavailable
from app.media.probing import VideoFacts, examine_alone
from app.telemetry.seam import Seam, direct

MAX_REDIRECTS = 3
STALL_SECONDS = 30
BATCH_BYTES = 1024 * 1024
PROBE_SECONDS = 20

_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_OTHER_KINDS = {
    b"\x1aE\xdf\xa3": "a WebM or Matroska video",
    b"GIF8": "a GIF",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"RIFF": "a WebP image or an AVI video",
}
"""How files of other kinds begin; fal sends them when a template asks for another container."""
_probing = CapacityLimiter(2)


class MediaHosts:
    """The hosts that videos may come from.

    An entry is a host (``fal.media``), all hosts below one (``*.fal.media``), or a host with
    the first folders of the path (``storage.googleapis.com/falserverless``).
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = [entry.strip("/").split("/") for entry in entries]

    def allow(self, url: str) -> bool:
        """Tell whether ``url`` may be contacted: by https, at the usual port, by name."""
        if not url.isprintable():  # nor is half a surrogate pair
            return False
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            return False
        host = parts.raw_host.decode("ascii")
        if parts.scheme != "https" or parts.userinfo or parts.port or _is_address(host):
            return False
        folders = parts.raw_path.decode("ascii").partition("?")[0].split("/")[1:]
        if any(_leads_elsewhere(folder) for folder in folders):
            return False
        return any(
            _names(pattern.lower(), host) and folders[: len(prefix)] == prefix
            for pattern, *prefix in self._entries
        )


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file with exactly the bytes that its host sent."""

    path: Path
    size: int
    sha256: str


async def download(
    client: httpx.AsyncClient,
    url: str,
    destination: Path,
    *,
    hosts: MediaHosts,
    max_bytes: int,
    timeout: float,  # noqa: ASYNC109 - the error for it is part of what this promises
    seam: Seam = direct,
) -> Download:
    """Stream a video into a file within ``timeout`` seconds; a failure may leave a part there.

    Raises:
        VideoRejected: the host is not on the list, or redirects off it.
        VideoHostAway: the host does not answer, or says that it is overloaded.
        VideoUnavailable: the host sends no whole mp4 of at most ``max_bytes``.
        StorageUnavailable: the disk does not take the file.

    """
    try:
        async with asyncio.timeout(timeout):
            return await seam(
                "media.download",
                lambda: _follow(client, url, destination, hosts=hosts, max_bytes=max_bytes),
            )
    except TimeoutError as error:
        raise VideoHostAway("The video took too long to download.") from error
    except httpx.InvalidURL as error:
        raise VideoRejected("The video's host redirects to no address.") from error
    except httpx.RemoteProtocolError as error:
        if "location header" in str(error):
            raise VideoRejected("The video's host redirects to no address.") from error
        raise VideoHostAway(f"The video's host failed ({type(error).__name__}).") from error
    except httpx.HTTPError as error:
        raise VideoHostAway(f"The video's host failed ({type(error).__name__}).") from error
    except OSError as error:
        raise StorageUnavailable(f"The disk fails: {error.strerror or error}.") from error


async def probe(path: Path) -> VideoFacts:
    """Decode the beginning of a video in a process of its own.

    Raises:
        VideoUnavailable: it does not decode, takes too long, or takes the decoder down.

    """
    async with _probing:
        try:
            with anyio.fail_after(PROBE_SECONDS):
                # The limiter of its own keeps the time from running while all processes are busy.
                return await anyio.to_process.run_sync(
                    examine_alone, path, cancellable=True, limiter=CapacityLimiter(1)
                )
        except TimeoutError as error:
            raise VideoUnavailable("The video took too long to decode.") from error
        except BrokenWorkerProcess as error:
            raise VideoUnavailable("The video made its decoder crash.") from error


async def _follow(
    client: httpx.AsyncClient, url: str, destination: Path, *, hosts: MediaHosts, max_bytes: int
) -> Download:
    for _ in range(1 + MAX_REDIRECTS):
        if not hosts.allow(url):
            raise VideoRejected("The video is on a host that videos are not fetched from.")
        async with client.stream(
            "GET",
            url,
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            timeout=STALL_SECONDS,
        ) as response:
            if response.next_request is None:
                return await _save(response, destination, max_bytes=max_bytes)
            url = str(response.next_request.url)
    raise VideoUnavailable(f"The video's host redirects more than {MAX_REDIRECTS} times.")


async def _save(response: httpx.Response, destination: Path, *, max_bytes: int) -> Download:
    if response.status_code != HTTPStatus.OK:
        busy = response.is_server_error or response.status_code in _BUSY
        kind = VideoHostAway if busy else VideoUnavailable
        raise kind(f"The video's host answered {response.status_code}.")
    digest = hashlib.sha256()
    with await asyncio.to_thread(destination.open, "wb") as file:

        def keep(batch: bytes) -> None:
            if file.tell() == 0 and batch[4:8] != b"ftyp":
                raise _refusal(batch)
            file.write(batch)
            digest.update(batch)

        try:
            await _pour(_batches(response, max_bytes), keep)
        except httpx.RemoteProtocolError as error:
            raise VideoUnavailable("The video was cut short on its way.") from error
        size = file.tell()
    if size == 0 or str(size) != response.headers.get("Content-Length", str(size)):
        raise VideoUnavailable("The video was cut short on its way.")
    return Download(path=destination, size=size, sha256=digest.hexdigest())


async def _batches(response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
    """Gather what the line brings, as long as it may be a video of at most ``max_bytes``."""
    size, batch = 0, bytearray()
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise VideoUnavailable(f"The video is larger than {max_bytes} bytes.")
        batch += chunk
        if len(batch) >= BATCH_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


async def _pour(batches: AsyncIterator[bytes], keep: Callable[[bytes], None]) -> None:
    """Keep each batch in a thread while the next one is on its way."""
    kept: asyncio.Future[None] | None = None
    try:
        async for batch in batches:
            if kept is not None:
                await asyncio.shield(kept)
            kept = asyncio.ensure_future(asyncio.to_thread(keep, batch))
        if kept is not None:
            await asyncio.shield(kept)
    finally:
        if kept is not None:  # a thread cannot be cancelled, and the file is about to be closed
            await asyncio.wait({kept})
            kept.exception()  # raised above, unless something else came first


def _names(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host == pattern


def _leads_elsewhere(folder: str) -> bool:
    plain = unquote(folder)
    return plain in {".", ".."} or "/" in plain or "\\" in plain


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refusal(start: bytes) -> VideoRejected | VideoUnavailable:
    """Say why a file that begins like this is no mp4."""
    for signature, kind in _OTHER_KINDS.items():
        if start.startswith(signature):
            return VideoRejected(f"fal sent {kind} instead of an mp4.")
    return VideoUnavailable("The video's host sent something that is no mp4.")
