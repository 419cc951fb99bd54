"""Two users never share a folder, and no name leaves its own."""

import re
from datetime import date

import pytest

from app.storage.protocol import folder_of, inline_disposition, poster_key, video_key_base


@pytest.mark.parametrize(
    ("user", "folder"),
    [
        ("dev@localhost", "dev@localhost"),
        ("A-Z_a.z-09", "A-Z_a.z-09"),
        ("..", "%2E."),
        (".", "%2E"),
        ("/", "%2F"),
        ("%2F", "%252F"),
        ("~", "%7E"),
        ("auth0|7 *", "auth0%7C7%20%2A"),
        ("zoë", "zo%C3%AB"),
        ("a\0\n\\", "a%00%0A%5C"),
        ("x" * 128, "x" * 128),
    ],
)
def test_a_user_has_a_folder_that_no_path_leaves(user: str, folder: str) -> None:
    assert folder_of(user) == folder


def test_a_name_too_long_for_a_file_system_becomes_a_digest() -> None:
    folder = folder_of("漢" * 128)
    assert re.fullmatch("~[0-9a-f]{64}", folder)
    assert folder != folder_of("漢" * 127)


@pytest.mark.parametrize("user", ["", "\ud800"])
def test_what_is_no_name_has_no_folder(user: str) -> None:
    with pytest.raises(ValueError, match=r"a user has a name|surrogates not allowed"):
        folder_of(user)


def test_a_key_tells_user_day_and_template() -> None:
    day = date(2026, 2, 3)
    base = video_key_base("dev@localhost", day, "slow-pan")
    assert base == "users/dev@localhost/library/2026-02-03-slow-pan"
    assert video_key_base("u", day, "a/../b") == "users/u/library/2026-02-03-a%2F..%2Fb"


def test_a_slug_too_long_for_a_file_system_becomes_a_digest() -> None:
    day = date(2026, 2, 3)
    base = video_key_base("u", day, "x" * 300)
    assert re.fullmatch("users/u/library/2026-02-03-[0-9a-f]{64}", base)
    assert base != video_key_base("u", day, "x" * 301)


def test_a_poster_lies_beside_its_video() -> None:
    assert poster_key("users/u/library/2026-02-03-pan-2.mp4") == (
        "users/u/library/2026-02-03-pan-2.jpg"
    )


def test_a_download_name_cannot_break_out_of_its_header() -> None:
    assert inline_disposition("pan.mp4") == 'inline; filename="pan.mp4"'
    assert inline_disposition('ü"\r\n.mp4') == "inline; filename*=utf-8''%C3%BC%22%0D%0A.mp4"
