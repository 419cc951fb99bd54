"""Renders a video from one picture: H.264 in an mp4 that plays while it loads."""

import threading
from collections.abc import Callable
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from PIL import Image

from app.local_fal.camera import CLOSEST, Move, View

FRAMES_PER_SECOND = 24
LONGEST_SIDE = 1280
SHORTEST_SIDE = 16  # the encoder's macroblock


class RenderStopped(Exception):
    """The render was stopped; the file it wrote is incomplete."""


def render(
    picture: Image.Image,
    target: Path,
    *,
    move: Move,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> None:
    """Render ``picture`` (RGB) into ``target``; call ``progress`` with frames done and total.

    Raises:
        RenderStopped: ``stop`` was set; it is checked before each frame.
        av.FFmpegError: the encoder or the disk failed.

    """
    width, height = frame_size(*picture.size)
    bands = _bands(picture, _even(width * CLOSEST), _even(height * CLOSEST))
    total = max(1, round(seconds * FRAMES_PER_SECOND))
    with av.open(target, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = _add_stream(container, width, height)
        for number in range(total):
            if stop.is_set():
                raise RenderStopped
            frame = _frame(bands, move.at(number / max(1, total - 1)), width, height)
            frame.pts = number
            container.mux(stream.encode(frame))
            progress(number + 1, total)
        container.mux(stream.encode(None))


def frame_size(width: int, height: int) -> tuple[int, int]:
    """Return the video's size in pixels: the picture's proportions, the longest side 1280."""
    scale = LONGEST_SIDE / max(width, height)
    return max(SHORTEST_SIDE, _even(width * scale)), max(SHORTEST_SIDE, _even(height * scale))


def _even(length: float) -> int:
    return round(length / 2) * 2


def _add_stream(container: OutputContainer, width: int, height: int) -> VideoStream:
    stream = container.add_stream(
        "libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast"}
    )
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.thread_count = 1  # leaves the other cores to the service
    stream.colorspace, stream.color_range = Colorspace.ITU709, ColorRange.MPEG
    stream.color_primaries, stream.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _bands(picture: Image.Image, width: int, height: int) -> list[Image.Image]:
    """Return the picture's luma and chroma, large enough for the closest view to stay sharp."""
    canvas = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2)
    rgb = av.VideoFrame.from_image(canvas)  # type: ignore[no-untyped-call]  # PyAV names no types
    yuv = rgb.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    return [
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)
        for plane in yuv.planes
    ]


def _frame(bands: list[Image.Image], view: View, width: int, height: int) -> av.VideoFrame:
    """Draw one view.

    Pillow resamples boxes at fractions of pixels; ffmpeg's zoompan moves by whole pixels, and the
    picture trembles. Pillow also releases the interpreter's lock while it resamples. Its Hamming
    filter takes a third less time than the bicubic one; the encoder changes a frame more than that.
    """
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, band in zip(frame.planes, bands, strict=True):
        visible = band.resize(
            (plane.width, plane.height), Image.Resampling.HAMMING, view.box(*band.size)
        )
        plane.update(visible.tobytes("raw", "L", plane.line_size))
    return frame
