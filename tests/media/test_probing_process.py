"""Videos are probed in a process that no video can crash, block or make large."""

import asyncio
import os
import re
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import anyio.to_process
import pytest
from anyio import CapacityLimiter
from PIL import Image

from app.errors import VideoUnavailable
from app.media import probing
from app.media.probing import probe
from tests.support.stand_ins.videos import write_video

pytestmark = pytest.mark.own_probing


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
