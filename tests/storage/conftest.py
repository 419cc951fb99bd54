"""Keys and local files that the tests of this room store into."""

from uuid import uuid4

import pytest


@pytest.fixture
def key() -> str:
    return f"users/u/library/{uuid4()}.mp4"
