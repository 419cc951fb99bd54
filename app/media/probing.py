"""What a video file really holds; runs in a worker process, for decoders crash on hostile files."""

import signal
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from itertools import islice
from pathlib import Path

import av
from av.video import VideoFrame, VideoStream
from PIL.Image import Image

from app.errors import VideoUnavailable

MAX_PIXELS = 8192 * 8192
POSTER_SIDE = 960
POSTER_QUALITY = 80

# Two seconds at 60 frames a second, five at 24.
FRAMES_TO_LOOK_AT = 120
BLACK = 32


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """A video that decodes, as it is shown; the poster is a JPEG."""

    duration_seconds: float
    width: int
    height: int
    codec: str
    poster: bytes


def examine(path: Path) -> VideoFacts:
    """Open an mp4 and decode its first frames.

    Raises:
        VideoUnavailable: there is nothing to play; says why.

    """
    _require_whole(path)
    try:
        # The format is fixed, for a guessed one may be a playlist that names other files.
        with av.open(path, format="mp4", metadata_errors="replace") as container:
            stream = _video_stream(container.streams.video)
            frame = _frame_with_content(container.decode(stream))
            duration = container.duration
    except av.FFmpegError as error:
        raise VideoUnavailable("The video cannot be decoded.") from error
    if not duration or duration < 0:
        raise VideoUnavailable("The video has no duration.")
    picture = _picture(frame).rotate(frame.rotation, expand=True)
    return VideoFacts(
        duration_seconds=duration / av.time_base,
        width=picture.width,
        height=picture.height,
        codec=stream.codec_context.codec.canonical_name,
        poster=_poster(picture),
    )


def examine_alone(path: Path) -> VideoFacts:
    """Examine in a worker process: a Ctrl-C, which reaches it too, is for its parent to heed."""
    for meant_for_parent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(meant_for_parent, signal.SIG_IGN)
    return examine(path)


def _require_whole(path: Path) -> None:
    """Walk the boxes of the outermost level, see ISO/IEC 14496-12 §4.2."""
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
        # Where ffmpeg knows no decoder there is no context, whatever PyAV's types say.
        if stream.codec_context is None:
            continue
        if 0 < stream.width * stream.height <= MAX_PIXELS:
            stream.codec_context.thread_count = 1
            return stream
    raise VideoUnavailable("The file holds no picture that can be decoded.")


def _frame_with_content(frames: Iterable[VideoFrame]) -> VideoFrame:
    first = None
    for frame in islice(frames, FRAMES_TO_LOOK_AT):
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


def _poster(picture: Image) -> bytes:
    picture.thumbnail((POSTER_SIDE, POSTER_SIDE))
    jpeg = BytesIO()
    picture.save(jpeg, "JPEG", quality=POSTER_QUALITY)
    return jpeg.getvalue()
