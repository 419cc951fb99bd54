"""A video must decode, and no video can crash or block the service."""

from __future__ import annotations

import asyncio
import os
import re
import struct
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from typing import TYPE_CHECKING

import anyio.to_process
import av
import pytest
from anyio import CapacityLimiter
from PIL import Image

from app.errors import VideoUnavailable
from app.media import probing
from app.media.probing import examine, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Colour = tuple[int, int, int]

RED = (200, 30, 30)
BLACK = (0, 0, 0)
ROTATED_A_QUARTER = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)

pytestmark = pytest.mark.own_probing


def write_video(
    path: Path,
    colours: Sequence[Colour] = (RED,) * 12,
    *,
    size: tuple[int, int] = (64, 48),
    movflags: str = "+faststart",
) -> Path:
    """Write a video with one frame per colour, 24 frames per second."""
    with av.open(path, "w", format="mp4", options={"movflags": movflags}) as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for colour in colours:
            picture = Image.new("RGB", size, colour)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())
    return path


def poster_of(path: Path) -> Image.Image:
    return Image.open(BytesIO(examine(path).poster))


@pytest.mark.parametrize(
    "movflags", ["+faststart", "+use_metadata_tags", "+frag_keyframe+empty_moov"]
)
def test_the_facts_of_a_video(tmp_path: Path, movflags: str) -> None:
    facts = examine(write_video(tmp_path / "v.mp4", movflags=movflags))
    assert (facts.width, facts.height, facts.codec) == (64, 48, "h264")
    assert facts.duration_seconds == pytest.approx(0.5)


def test_the_poster_is_a_small_jpeg_of_the_first_frame(tmp_path: Path) -> None:
    poster = poster_of(write_video(tmp_path / "v.mp4", [RED, RED], size=(1920, 1080)))
    assert (poster.format, poster.size) == ("JPEG", (960, 540))
    red, green, _ = poster.crop((480, 270, 481, 271)).tobytes()
    assert red > 150 > green


def test_the_poster_skips_black_frames(tmp_path: Path) -> None:
    assert not is_black(poster_of(write_video(tmp_path / "v.mp4", [BLACK] * 20 + [RED])))


def test_the_poster_of_a_black_video_is_black(tmp_path: Path) -> None:
    assert is_black(poster_of(write_video(tmp_path / "v.mp4", [BLACK] * 3)))


def is_black(picture: Image.Image) -> bool:
    return max(picture.convert("L").tobytes()) < 32


def test_the_sides_of_a_rotated_video_are_those_that_are_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4")
    content = path.read_bytes()
    matrix = content.index(b"tkhd") + 44
    path.write_bytes(content[:matrix] + ROTATED_A_QUARTER + content[matrix + 36 :])
    facts = examine(path)
    assert (facts.width, facts.height) == (48, 64)
    assert poster_of(path).size == (48, 64)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded"),
        (b"<html>", "cannot be decoded"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "cannot be decoded"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "cannot be decoded"),
    ],
)
def test_a_file_that_is_not_an_mp4_is_unavailable(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(VideoUnavailable, match=reason):
        examine(tmp_path / "v.mp4")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_video_cut_short_is_unavailable(tmp_path: Path, share: float) -> None:
    path = write_video(tmp_path / "v.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(VideoUnavailable):
        examine(path)


def with_large_box(video: bytes) -> bytes:
    """Give the media data a size of 64 bits, as files beyond 4 GiB have.

    ffmpeg writes an empty box before the data, which makes room for the larger size.
    """
    empty = video.index(b"\0\0\0\x08free")
    (size,) = struct.unpack_from(">I", video, empty + 8)
    return video[:empty] + struct.pack(">I4sQ", 1, b"mdat", size + 8) + video[empty + 16 :]


def with_open_end(video: bytes) -> bytes:
    """Let the media data reach to the end of the file, as recorders write it."""
    box = video.index(b"mdat") - 4
    return video[:box] + bytes(4) + video[box + 4 :]


@pytest.mark.parametrize("form", [with_large_box, with_open_end])
def test_every_form_of_a_box_size_is_understood(
    tmp_path: Path, form: Callable[[bytes], bytes]
) -> None:
    path = write_video(tmp_path / "v.mp4")
    path.write_bytes(form(path.read_bytes()))
    assert examine(path).duration_seconds == pytest.approx(0.5)


def test_a_large_box_cut_short_is_unavailable(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4")
    path.write_bytes(with_large_box(path.read_bytes())[:-1])
    with pytest.raises(VideoUnavailable, match="cut short"):
        examine(path)


def test_a_picture_with_too_many_pixels_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "v.mp4", size=(64, 48))
    monkeypatch.setattr(probing, "MAX_PIXELS", 64 * 48)
    assert examine(path).width == 64
    monkeypatch.setattr(probing, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(VideoUnavailable, match="no picture"):
        examine(path)


def test_a_video_of_an_unknown_codec_is_unavailable(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"xxxx"))
    with pytest.raises(VideoUnavailable, match="no picture"):
        examine(path)


def test_sound_alone_is_unavailable(tmp_path: Path) -> None:
    sound = av.AudioFrame("s16", "mono", 1024)
    sound.sample_rate = 48_000
    with av.open(tmp_path / "v.mp4", "w", format="mp4") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(VideoUnavailable, match="no picture"):
        examine(tmp_path / "v.mp4")


async def test_many_videos_are_probed_at_the_same_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4")
    results = await asyncio.gather(*[probe(path) for _ in range(10)])
    assert {facts.duration_seconds for facts in results} == {0.5}


async def test_the_reason_of_a_worker_reaches_its_parent(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"<html>")
    with pytest.raises(VideoUnavailable, match=r"The video cannot be decoded\."):
        await probe(tmp_path / "v.mp4")


@pytest.mark.parametrize("sent", [SIGINT, SIGTERM])
async def test_a_signal_to_the_process_group_does_not_end_the_worker(
    tmp_path: Path, sent: int
) -> None:
    path = write_video(tmp_path / "v.mp4")
    await probe(path)
    worker = await anyio.to_process.run_sync(os.getpid)
    os.kill(worker, sent)
    assert (await probe(path)).width == 64
    assert await anyio.to_process.run_sync(os.getpid) == worker


def crash(_path: Path) -> None:
    os.kill(os.getpid(), SIGKILL)


def hang(path: Path) -> None:
    path.touch()
    time.sleep(3600)


async def test_a_decoder_that_crashes_makes_the_video_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "examine_in_worker", crash)
    with pytest.raises(VideoUnavailable, match="crash"):
        await probe(tmp_path / "v.mp4")
    monkeypatch.undo()
    assert (await probe(write_video(tmp_path / "v.mp4"))).width == 64


async def test_a_decoder_that_hangs_makes_the_video_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "examine_in_worker", hang)
    monkeypatch.setattr(probing, "PROBE_SECONDS", 0.1)
    with pytest.raises(VideoUnavailable, match="too long"):
        await probe(tmp_path / "v.mp4")


def test_a_program_that_has_probed_ends_without_output_on_stderr(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4")
    program = f"""
import asyncio, pathlib
from app.media.probing import probe

async def main():
    # On a busy machine, asyncio would report the start of the worker as slow.
    asyncio.get_running_loop().slow_callback_duration = 60
    print((await probe(pathlib.Path({str(path)!r}))).codec)

asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, b"h264\n")
    # Python 3.11 may print this if the worker ends before asyncio watches it.
    said = re.sub(
        rb"Unknown child process pid \d+, will report returncode 255\n", b"", ended.stderr
    )
    assert said == b""


HUGE = """
import sys, av
with av.open(sys.argv[1], "w", format="mp4", options={"movflags": "+faststart"}) as container:
    stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
    stream.width = stream.height = 8192
    frame = av.VideoFrame(8192, 8192, "yuv420p")
    for plane, value in zip(frame.planes, (b"\\x00", b"\\x80", b"\\x80"), strict=True):
        plane.update(value * plane.buffer_size)
    for number in range(2):
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
"""


@pytest.fixture(scope="module")
def huge_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of two empty frames of 8192 x 8192 pixels."""
    path = tmp_path_factory.mktemp("huge") / "v.mp4"
    subprocess.run([sys.executable, "-c", HUGE, str(path)], check=True)
    return path


def peak() -> int:
    """Return the most that this program has held, in MiB; ru_maxrss survives fork and exec."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def examine_of_any_size(path: Path) -> None:
    probing.MAX_PIXELS = 8192 * 8192
    probing.examine_in_worker(path)


def burn(_path: Path) -> None:
    probing.WORKER_CPU_SECONDS = 0
    probing.limit_resources()
    while True:
        pass


async def test_a_huge_picture_takes_little_memory(huge_video: Path) -> None:
    worker = CapacityLimiter(1)
    with pytest.raises(VideoUnavailable, match="no picture"):
        await probe(huge_video)
    assert await anyio.to_process.run_sync(peak, limiter=worker) < 256


async def test_a_decoder_cannot_take_more_memory_than_it_is_given(
    huge_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "examine_in_worker", examine_of_any_size)
    with pytest.raises(VideoUnavailable, match=r"too much memory|cannot be decoded"):
        await probe(huge_video)


async def test_a_decoder_that_takes_too_much_time_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "examine_in_worker", burn)
    with pytest.raises(VideoUnavailable, match="crash"):
        await probe(tmp_path / "v.mp4")
    monkeypatch.undo()
    assert (await probe(write_video(tmp_path / "v.mp4"))).width == 64


async def test_a_4k_video_takes_little_memory(tmp_path: Path) -> None:
    small, large = write_video(tmp_path / "small.mp4"), tmp_path / "large.mp4"
    write_video(large, [(n, 90, 200) for n in range(40, 46)], size=(4096, 2160))
    worker = CapacityLimiter(1)
    await probe(small)
    before = await anyio.to_process.run_sync(peak, limiter=worker)
    facts = await probe(large)
    after = await anyio.to_process.run_sync(peak, limiter=worker)
    assert (facts.width, facts.height) == (4096, 2160)
    assert Image.open(BytesIO(facts.poster)).size == (960, 506)
    assert after - before <= 48
