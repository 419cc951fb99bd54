"""A video from one picture: H.264 in an mp4 that starts to play before it is loaded."""

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
    """The render was told to stop; what it wrote is of no use."""


def render(
    picture: Image.Image,
    target: Path,
    *,
    move: Move,
    seconds: float,
    stop: threading.Event,
    progress: Callable[[int, int], None],
) -> None:
    """Film ``picture`` (RGB) into ``target``; ``progress`` hears the frames done and their total.

    Raises:
        RenderStopped: ``stop`` was set; it is looked at before each frame.
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
    """Return the video's size in pixels: the picture's proportions, 1280 at the longest side."""
    scale = LONGEST_SIDE / max(width, height)
    return max(SHORTEST_SIDE, _even(width * scale)), max(SHORTEST_SIDE, _even(height * scale))


def _even(length: float) -> int:
    return round(length / 2) * 2


def _add_stream(container: OutputContainer, width: int, height: int) -> VideoStream:
    stream = container.add_stream(
        "libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast"}
    )
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.thread_count = 1  # the other cores belong to the service
    stream.colorspace, stream.color_range = Colorspace.ITU709, ColorRange.MPEG
    stream.color_primaries, stream.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _bands(picture: Image.Image, width: int, height: int) -> list[Image.Image]:
    """Return luma and chroma of the picture, large enough that the closest view stays sharp."""
    canvas = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2)
    rgb = av.VideoFrame.from_image(canvas)  # type: ignore[no-untyped-call]  # PyAV names no types
    yuv = rgb.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    return [
        Image.frombytes("L", (one.width, one.height), bytes(one), "raw", "L", one.line_size)
        for one in yuv.planes
    ]


def _frame(bands: list[Image.Image], view: View, width: int, height: int) -> av.VideoFrame:
    """Draw what ``view`` shows.

    Pillow resamples boxes that lie between pixels, where ffmpeg's zoompan moves by whole ones
    and the picture trembles; and it lets go of the interpreter's lock meanwhile.
    """
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, band in zip(frame.planes, bands, strict=True):
        seen = band.resize(
            (plane.width, plane.height), Image.Resampling.BICUBIC, view.box(*band.size)
        )
        plane.update(seen.tobytes("raw", "L", plane.line_size))
    return frame
