"""Downloads of finished videos: only from allowed hosts, complete and within a size limit."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx

from app.errors import StorageUnavailable, VideoHostAway, VideoRejected, VideoUnavailable
from app.media.hosts import MediaHosts
from app.media.kinds import kind_of
from app.telemetry.seam import Seam, direct

MAX_REDIRECTS = 3
STALL_SECONDS = 30
"""The longest wait for a connection or for the next bytes."""
BATCH_BYTES = 256 * 1024
"""Written at a time; whoever reads the file while it arrives is this far behind."""

_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


Progress = Callable[[int, int | None], None]
"""Is told how many bytes are written and how many the host has announced, if it has."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file with exactly the bytes that its host sent; ``size`` is in bytes."""

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
    timeout: float,  # noqa: ASYNC109 - a timeout is reported as VideoHostAway
    seam: Seam = direct,
    progress: Progress = lambda _written, _size: None,
) -> Download:
    """Stream a video into a file within ``timeout`` seconds; a failure may leave a partial file.

    ``progress`` is told of the bytes in the file, and of the size that the host has announced.

    Raises:
        VideoRejected: the host is not allowed, or redirects to one that is not.
        VideoHostAway: the host does not answer, or says that it is overloaded.
        VideoUnavailable: the host sends no complete mp4 of at most ``max_bytes``.
        StorageUnavailable: the disk fails.

    """
    try:
        async with asyncio.timeout(timeout):
            return await seam(
                "media.download",
                lambda: _follow(
                    client, url, destination, hosts=hosts, max_bytes=max_bytes, progress=progress
                ),
            )
    except TimeoutError as error:
        raise VideoHostAway("The video took too long to download.") from error
    except httpx.InvalidURL as error:
        raise VideoRejected("The video's host redirects to an invalid address.") from error
    except httpx.RemoteProtocolError as error:
        if "location header" in str(error):
            raise VideoRejected("The video's host redirects to an invalid address.") from error
        raise VideoHostAway(f"The video's host failed ({type(error).__name__}).") from error
    except httpx.HTTPError as error:
        raise VideoHostAway(f"The video's host failed ({type(error).__name__}).") from error
    except OSError as error:
        raise StorageUnavailable(f"The disk fails: {error.strerror or error}.") from error


async def _follow(
    client: httpx.AsyncClient,
    url: str,
    destination: Path,
    *,
    hosts: MediaHosts,
    max_bytes: int,
    progress: Progress,
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
                return await _save(response, destination, max_bytes, progress)
            url = str(response.next_request.url)
    raise VideoUnavailable(f"The video's host redirects more than {MAX_REDIRECTS} times.")


async def _save(
    response: httpx.Response, destination: Path, max_bytes: int, progress: Progress
) -> Download:
    if response.status_code != HTTPStatus.OK:
        busy = response.is_server_error or response.status_code in _BUSY
        kind = VideoHostAway if busy else VideoUnavailable
        raise kind(f"The video's host answered {response.status_code}.")
    announced = _announced_size(response)
    digest = hashlib.sha256()
    with await asyncio.to_thread(destination.open, "wb") as file:

        def append(batch: bytes) -> int:
            if file.tell() == 0 and batch[4:8] != b"ftyp":
                raise _refusal(batch)
            file.write(batch)
            file.flush()
            digest.update(batch)
            return file.tell()

        try:
            await _write_all(
                _batches(response, max_bytes), append, lambda size: progress(size, announced)
            )
        except httpx.RemoteProtocolError as error:
            raise VideoUnavailable("The download of the video was cut short.") from error
        size = file.tell()
    if size == 0 or announced not in {None, size}:
        raise VideoUnavailable("The download of the video was cut short.")
    progress(size, size)
    return Download(path=destination, size=size, sha256=digest.hexdigest())


async def _batches(response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
    """Gather chunks into batches; raises VideoUnavailable beyond ``max_bytes``."""
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


async def _write_all(
    batches: AsyncIterator[bytes],
    write: Callable[[bytes], int],
    on_written: Callable[[int], None] = lambda _size: None,
) -> None:
    """Write each batch in a thread while the next one arrives; ``write`` returns the size."""

    async def written(batch: bytes) -> None:
        on_written(await asyncio.to_thread(write, batch))

    writing: asyncio.Future[None] | None = None
    try:
        async for batch in batches:
            if writing is not None:
                await asyncio.shield(writing)
            writing = asyncio.ensure_future(written(batch))
        if writing is not None:
            await asyncio.shield(writing)
    finally:
        if writing is not None:  # a thread cannot be cancelled, and the file is closed next
            await asyncio.wait({writing})
            writing.exception()  # marks it as seen, if another error than this one is raised


def _announced_size(response: httpx.Response) -> int | None:
    size = response.headers.get("Content-Length", "")
    return int(size) if size.isdecimal() else None


def _refusal(start: bytes) -> VideoRejected | VideoUnavailable:
    """Return why a file that begins like this is no mp4; a page may be a passing error."""
    kind = kind_of(start)
    if kind in {None, "a web page"}:
        return VideoUnavailable("The video's host sent a file that is not an mp4.")
    return VideoRejected(f"fal sent {kind} instead of an mp4.")
