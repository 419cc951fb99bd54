"""Small real videos."""

import struct
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image

FRAMES_PER_SECOND = 24
Colour = tuple[int, int, int]
RED = (200, 30, 30)


def small_video(seconds: float = 0.5, width: int = 64, height: int = 64, seed: int = 0) -> bytes:
    """Make an H.264 mp4 of one colour; each seed gives another colour and title."""
    colour = bytes(60 + seed * factor % 180 for factor in (37, 59, 83))
    pixels = (colour + b"\xff") * width * height
    frame = av.VideoFrame.from_bytes(pixels, width, height, format="rgba")
    with TemporaryDirectory() as folder:  # faststart reopens the file by its name
        path = Path(folder, "video.mp4")
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            container.metadata["title"] = f"video {seed}"
            stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"preset": "ultrafast"}
            stream.codec_context.thread_count = 1
            for index in range(max(1, round(seconds * FRAMES_PER_SECOND))):
                frame.pts = index
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def write_video(
    path: Path,
    colours: Sequence[Colour] = (RED,) * 12,
    *,
    size: tuple[int, int] = (64, 48),
    movflags: str = "+faststart",
) -> Path:
    """Write a video with one frame per colour, 24 frames per second."""
    with av.open(path, "w", format="mp4", options={"movflags": movflags}) as container:
        stream = container.add_stream(
            "libx264", rate=FRAMES_PER_SECOND, options={"preset": "ultrafast"}
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for colour in colours:
            picture = Image.new("RGB", size, colour)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())
    return path


def padded(video: bytes, size: int) -> bytes:
    """Pad an mp4 to ``size`` bytes with a free box, which is skipped: ISO/IEC 14496-12, 8.1.2."""
    room = size - len(video)
    return video + struct.pack(">I4s", room, b"free") + bytes(room - 8)
