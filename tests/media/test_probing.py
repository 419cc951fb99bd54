"""A video must decode; its facts and its poster are those that a player shows."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from app.errors import VideoUnavailable
from app.media import probing
from app.media.probing import examine
from tests.support.stand_ins.videos import RED, write_video

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BLACK = (0, 0, 0)
ROTATED_A_QUARTER = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)


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
