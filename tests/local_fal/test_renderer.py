"""The renderer: browsers play its videos, and the camera moves smoothly."""

import threading
from pathlib import Path

import av
import pytest
from PIL import Image, ImageDraw

from app.local_fal import picture
from app.local_fal.camera import CLOSEST, MOVES, Move, View, move_for
from app.local_fal.renderer import RenderStopped, frame_size, render

SLIDE = Move(View(CLOSEST, x=0), View(CLOSEST, x=1))


def _disc(width: int = 640, height: int = 64) -> Image.Image:
    image = Image.new("RGB", (width, height))
    ImageDraw.Draw(image).ellipse(
        (width // 2 - 20, height // 2 - 20, width // 2 + 20, height // 2 + 20), fill="white"
    )
    return image


def _render(
    image: Image.Image, target: Path, *, seconds: float = 0.5, move: Move = SLIDE
) -> list[tuple[int, int]]:
    calls: list[tuple[int, int]] = []
    render(
        image,
        target,
        move=move,
        seconds=seconds,
        stop=threading.Event(),
        progress=lambda *progress: calls.append(progress),
    )
    return calls


def _boxes(content: bytes) -> list[bytes]:
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    return names


def _centre(frame: Image.Image) -> float:
    """Return the mean horizontal position of the brightness, in pixels from the left."""
    row = frame.convert("L").resize((frame.width, 1), Image.Resampling.BOX).tobytes()
    return sum((x + 0.5) * value for x, value in enumerate(row)) / sum(row)


def _frames(path: Path) -> list[Image.Image]:
    with av.open(path, "r") as container:
        return [
            frame.to_image()  # type: ignore[no-untyped-call]  # PyAV names no types
            for frame in container.decode(video=0)
        ]


async def test_the_video_is_h264_that_browsers_play_while_it_loads(tmp_path: Path) -> None:
    target = tmp_path / "video.mp4"
    _render(_disc(), target, seconds=5)
    boxes = _boxes(target.read_bytes())
    assert boxes[0] == b"ftyp"
    assert boxes.index(b"moov") < boxes.index(b"mdat")
    with av.open(target) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.codec_tag) == ("h264", "avc1")
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 24
        assert container.duration == 5_000_000
        assert (stream.width, stream.height) == (1280, 128)


@pytest.mark.parametrize("move", MOVES)
async def test_the_picture_moves_and_every_frame_lies_inside_it(tmp_path: Path, move: Move) -> None:
    image = Image.new("RGB", (640, 64), "white")
    ImageDraw.Draw(image).rectangle((100, 10, 300, 50), fill="black")
    _render(image, tmp_path / "video.mp4", move=move)
    frames = [frame.tobytes() for frame in _frames(tmp_path / "video.mp4")]
    assert len(frames) == 12
    assert frames[0] != frames[5] != frames[-1] != frames[0]
    assert all(frame[0] > 240 for frame in frames)


async def test_the_camera_moves_smoothly(tmp_path: Path) -> None:
    _render(_disc(), tmp_path / "video.mp4", seconds=2)
    centres = [_centre(frame) for frame in _frames(tmp_path / "video.mp4")]
    for number, centre in enumerate(centres):
        left, _, right, _ = SLIDE.at(number / (len(centres) - 1)).box(1280, 128)
        expected = (641 - left) * 1280 / (right - left)
        assert centre == pytest.approx(expected, abs=0.25)


async def test_progress_is_reported_after_each_frame(tmp_path: Path) -> None:
    assert _render(_disc(), tmp_path / "video.mp4") == [(done, 12) for done in range(1, 13)]


async def test_a_render_stops_at_the_next_frame(tmp_path: Path) -> None:
    stop, calls = threading.Event(), []

    def stop_soon(done: int, _total: int) -> None:
        calls.append(done)
        if done == 3:
            stop.set()

    with pytest.raises(RenderStopped):
        render(
            _disc(), tmp_path / "video.mp4", move=SLIDE, seconds=5, stop=stop, progress=stop_soon
        )
    assert calls == [1, 2, 3]


@pytest.mark.parametrize(
    ("picture_size", "video_size"),
    [
        ((1920, 1080), (1280, 720)),
        ((1080, 1920), (720, 1280)),
        ((500, 500), (1280, 1280)),
        ((1001, 777), (1280, 994)),
        ((64, 20_000), (16, 1280)),
    ],
)
async def test_the_proportions_are_kept_and_the_sides_are_even(
    picture_size: tuple[int, int], video_size: tuple[int, int]
) -> None:
    assert frame_size(*picture_size) == video_size


async def test_equal_prompts_give_the_same_move_and_every_move_is_used() -> None:
    prompts = [f"prompt {number}" for number in range(50)]
    assert [move_for(prompt) for prompt in prompts] == [move_for(prompt) for prompt in prompts]
    assert {move_for(prompt) for prompt in prompts} == set(MOVES)


async def test_a_photograph_taken_sideways_is_rotated_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 100), "red")
    orientation = Image.Exif()
    orientation[0x0112] = 6
    image.save(tmp_path / "photo.jpg", exif=orientation)
    assert picture.load(tmp_path / "photo.jpg").size == (100, 200)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
async def test_transparent_pixels_become_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0)).convert(mode)
    image.save(tmp_path / "canvas.png", transparency=0) if mode == "P" else image.save(
        tmp_path / "canvas.png"
    )
    loaded = picture.load(tmp_path / "canvas.png")
    assert (loaded.mode, loaded.getpixel((5, 5))) == ("RGB", (255, 255, 255))
