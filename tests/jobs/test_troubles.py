"""How long each temporary failure is retried, and with which error its job fails then."""

import pytest

from app.domain.trouble import Trouble
from app.errors import FalUnavailable, StorageUnavailable, VideoUnavailable
from app.jobs.troubles import FAULT, UNKNOWN_TO_FAL, trouble_of

TEN_MINUTES = 600


@pytest.mark.parametrize(
    ("trouble", "kind", "code", "limits"),
    [
        (trouble_of(FalUnavailable("e")), "result", "fal_unavailable", (None, TEN_MINUTES)),
        (trouble_of(VideoUnavailable("e")), "video", "video_unavailable", (5, TEN_MINUTES)),
        (trouble_of(StorageUnavailable("e")), "storage", "video_unavailable", (None, None)),
        (UNKNOWN_TO_FAL, "unknown_to_fal", "fal_unavailable", (None, TEN_MINUTES)),
        (FAULT, "fault", "video_unavailable", (5, TEN_MINUTES)),
    ],
    ids=["result", "video", "storage", "unknown to fal", "fault"],
)
def test_trouble_is_retried_within_its_limits(
    trouble: Trouble, kind: str, code: str, limits: tuple[int | None, int | None]
) -> None:
    assert (trouble.kind, trouble.code) == (kind, code)
    assert (trouble.count, trouble.seconds) == limits


@pytest.mark.parametrize("error", [FalUnavailable, VideoUnavailable, StorageUnavailable])
def test_trouble_of_an_error_has_the_errors_message(
    error: type[FalUnavailable | VideoUnavailable | StorageUnavailable],
) -> None:
    assert trouble_of(error("The host is away.")).message == "The host is away."


@pytest.mark.parametrize("trouble", [UNKNOWN_TO_FAL, FAULT])
def test_message_of_a_fixed_trouble_says_that_nothing_was_charged(trouble: Trouble) -> None:
    assert trouble.message.endswith(" Nothing was charged.")
