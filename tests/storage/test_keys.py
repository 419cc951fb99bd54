"""Two users never share a folder, and no name leads out of its folder."""

import re
from datetime import date

import pytest

from app.storage.keys import content_type_of, folder_of, poster_key, video_key_base


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
def test_a_user_has_one_folder_below_all_users(user: str, folder: str) -> None:
    assert folder_of(user) == folder


def test_a_user_name_too_long_for_a_file_system_becomes_a_digest() -> None:
    folder = folder_of("漢" * 128)
    assert re.fullmatch("~[0-9a-f]{64}", folder)
    assert folder != folder_of("漢" * 127)


@pytest.mark.parametrize("user", ["", "\ud800"])
def test_a_name_that_is_empty_or_not_unicode_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match=r"the user has no name|surrogates not allowed"):
        folder_of(user)


def test_a_key_names_user_day_and_template() -> None:
    day = date(2026, 2, 3)
    base = video_key_base("dev@localhost", day, "slow-pan")
    assert base == "users/dev@localhost/library/2026-02-03-slow-pan"
    assert video_key_base("u", day, "a/../b") == "users/u/library/2026-02-03-a%2F..%2Fb"


def test_a_slug_too_long_for_a_file_system_becomes_a_digest() -> None:
    day = date(2026, 2, 3)
    base = video_key_base("u", day, "x" * 300)
    assert re.fullmatch("users/u/library/2026-02-03-[0-9a-f]{64}", base)
    assert base != video_key_base("u", day, "x" * 301)


def test_a_poster_is_beside_its_video() -> None:
    assert poster_key("users/u/library/2026-02-03-pan-2.mp4") == (
        "users/u/library/2026-02-03-pan-2.jpg"
    )


def test_the_extension_of_a_key_decides_the_content_type() -> None:
    assert content_type_of("users/u/library/x.mp4") == "video/mp4"
    assert content_type_of("users/u/library/x.jpg") == "image/jpeg"
    with pytest.raises(ValueError, match=r"x\.html is the key of neither"):
        content_type_of("users/u/library/x.html")
