"""The keys of start images: each belongs to one job and its user."""

import pytest

from app.storage.keys import is_start_key_of, start_key

JOB = "01a205d8-96e9-74b5-b05a-a8d3af905901"


@pytest.mark.parametrize("user", ["ada", "../eve", "a/start/b", "zoë", "漢" * 128])
@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_a_job_knows_its_own_key(user: str, extension: str) -> None:
    key = start_key(user, JOB, extension)
    assert is_start_key_of(key, user, JOB)
    assert key.count("/") == 3
    assert ".." not in key.split("/")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a.png",
        f"users/eve/start/{JOB}.png",
        f"users/ada/library/{JOB}.png",
        f"users/ada/start/{JOB}.svg",
        f"users/ada/start/{JOB}",
        f"users/ada/start/x/../{JOB}.png",
        f"/users/ada/start/{JOB}.png",
        "users/ada/start/other.png",
    ],
)
def test_no_other_key_is_its_own(key: str) -> None:
    assert not is_start_key_of(key, "ada", JOB)
