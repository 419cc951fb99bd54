"""Checks of downloaded videos, in a worker process: a hostile file can crash its decoder."""

import resource
import signal
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from itertools import islice
from pathlib import Path

import anyio
import anyio.to_process
import av
from anyio import BrokenWorkerProcess, CapacityLimiter
from av.container import InputContainer
from av.video import VideoFrame, VideoStream
from PIL.Image import Image

from app.errors import VideoUnavailable

PROBE_SECONDS = 20
MAX_PIXELS = 4096 * 2304
"""fal's models make 4K at most: 3840 x 2160, or 4096 x 2160."""
WORKER_BYTES = 512 * 1024 * 1024
"""Of address space: 150 MiB are the program, and a black 4K video takes another 180 MiB."""
WORKER_CPU_SECONDS = 20
"""For one video."""
POSTER_SIDE = 960
POSTER_QUALITY = 80

FRAMES_TO_LOOK_AT = 120
"""Two seconds at 60 frames per second, five at 24."""
BLACK = 32
"""A frame is black if all its pixels are darker than this, of 255."""

_workers = CapacityLimiter(2)


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """A video that decodes; the sides are those that a player shows, the poster is a JPEG."""

    duration_seconds: float
    width: int
    height: int
    codec: str
    poster: bytes


async def probe(path: Path) -> VideoFacts:
    """Run :func:`examine` in a worker process.

    Raises:
        VideoUnavailable: the video does not decode, takes too long or crashes the decoder.

    """
    async with _workers:
        try:
            with anyio.fail_after(PROBE_SECONDS):
                # This limiter never waits. The wait for _workers, above, is not decoding time.
                return await anyio.to_process.run_sync(
                    examine_in_worker, path, cancellable=True, limiter=CapacityLimiter(1)
                )
        except TimeoutError as error:
            raise VideoUnavailable("The video took too long to decode.") from error
        except BrokenWorkerProcess as error:
            raise VideoUnavailable("The video made its decoder crash.") from error


def examine_in_worker(path: Path) -> VideoFacts:
    """Run :func:`examine`; the worker ignores Ctrl-C, which its parent handles."""
    for sent_to_the_group in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent_to_the_group, signal.SIG_IGN)
    limit_resources()
    try:
        return examine(path)
    except MemoryError as error:
        raise VideoUnavailable("The video needs too much memory to decode.") from error


def examine(path: Path) -> VideoFacts:
    """Open an mp4 and decode its first frames.

    Raises:
        VideoUnavailable: the video cannot be played; the message gives the reason.

    """
    _require_complete(path)
    try:
        # The format is fixed: ffmpeg could guess a playlist, which names other files.
        with av.open(path, format="mp4", metadata_errors="replace") as container:
            stream = _video_stream(container.streams.video)
            frame = _frame_with_content(container, stream)
            duration = container.duration
    except MemoryError:
        raise  # of ffmpeg as well
    except av.FFmpegError as error:
        raise VideoUnavailable("The video cannot be decoded.") from error
    if not duration or duration < 0:
        raise VideoUnavailable("The video has no duration.")
    sides = (frame.width, frame.height)
    width, height = reversed(sides) if frame.rotation % 180 else sides
    return VideoFacts(
        duration_seconds=duration / av.time_base,
        width=width,
        height=height,
        codec=stream.codec_context.codec.canonical_name,
        poster=_poster(frame),
    )


def limit_resources() -> None:
    """Bound what this process may take for its next video; more CPU time kills it."""
    with suppress(OSError, ValueError):  # macOS does not limit the address space
        resource.setrlimit(resource.RLIMIT_AS, (WORKER_BYTES, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + WORKER_CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _require_complete(path: Path) -> None:
    """Check the sizes of the top-level boxes: ISO/IEC 14496-12 §4.2."""
    with path.open("rb") as file:
        end = file.seek(0, SEEK_END)
        start = 0
        while start + 16 <= end:
            file.seek(start)
            size, kind, large_size = struct.unpack(">I4sQ", file.read(16))
            if size == 1:
                size = large_size
            if kind == b"mdat" and start + size > end:
                raise VideoUnavailable("The video is cut short.")
            if size < 8:  # noqa: PLR2004 - zero means "to the end of the file", less is nonsense
                return
            start += size


def _video_stream(streams: Iterable[VideoStream]) -> VideoStream:
    for stream in streams:
        # A codec unknown to ffmpeg has no context, although PyAV's types promise one.
        if stream.codec_context is None:
            continue
        if 0 < stream.width * stream.height <= MAX_PIXELS:
            stream.codec_context.thread_count = 1
            return stream
    raise VideoUnavailable("The video has no picture that can be decoded.")


def _frame_with_content(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """Return the first frame that is not black, or the first frame."""
    # Between key frames a decoder holds several more frames, of 13 MiB each in 4K.
    stream.codec_context.skip_frame = "NONKEY"
    first = next(container.decode(stream), None)
    if first is not None and not _is_black(first):
        return first
    stream.codec_context.skip_frame = "DEFAULT"
    container.seek(0)
    for frame in islice(container.decode(stream), FRAMES_TO_LOOK_AT):
        if not _is_black(frame):
            return frame
        first = first or frame
    if first is None:
        raise VideoUnavailable("The video has no frames.")
    return first


def _is_black(frame: VideoFrame) -> bool:
    grey = _picture(frame, width=64, height=64).convert("L")
    return max(grey.tobytes()) < BLACK


def _picture(frame: VideoFrame, **size: int) -> Image:
    picture: Image = frame.to_image(**size)  # type: ignore[no-untyped-call]
    return picture


def _poster(frame: VideoFrame) -> bytes:
    share = min(1, POSTER_SIDE / max(frame.width, frame.height))
    # Scaled before it becomes a picture, which has 4 bytes per pixel.
    small = _picture(
        frame, width=max(1, round(frame.width * share)), height=max(1, round(frame.height * share))
    )
    jpeg = BytesIO()
    small.rotate(frame.rotation, expand=True).save(jpeg, "JPEG", quality=POSTER_QUALITY)
    return jpeg.getvalue()
