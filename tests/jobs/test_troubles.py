"""How long each temporary failure is retried, and with which error its job fails then."""

import pytest

from app.domain.trouble import Trouble
from app.errors import FalUnavailable, StorageUnavailable, VideoHostAway, VideoUnavailable
from app.jobs.troubles import DEADLINE, FAULT, UNKNOWN_TO_FAL, trouble_of

TEN_MINUTES = 600


@pytest.mark.parametrize(
    ("trouble", "kind", "code", "limits", "until_deadline"),
    [
        (trouble_of(FalUnavailable("e")), "result", "fal_unavailable", (None, TEN_MINUTES), False),
        (trouble_of(VideoHostAway("e")), "video_host", "video_unavailable", (None, None), True),
        (trouble_of(VideoUnavailable("e")), "video", "video_unavailable", (5, TEN_MINUTES), False),
        (trouble_of(StorageUnavailable("e")), "storage", "video_unavailable", (None, None), False),
        (UNKNOWN_TO_FAL, "unknown_to_fal", "fal_unavailable", (None, TEN_MINUTES), False),
        (FAULT, "fault", "video_unavailable", (None, None), True),
        (DEADLINE, "deadline", "deadline_exceeded", (None, TEN_MINUTES), False),
    ],
    ids=["result", "video host", "video", "storage", "unknown to fal", "fault", "deadline"],
)
def test_trouble_is_retried_within_its_limits(
    trouble: Trouble,
    kind: str,
    code: str,
    limits: tuple[int | None, int | None],
    *,
    until_deadline: bool,
) -> None:
    assert (trouble.kind, trouble.code) == (kind, code)
    assert (trouble.count, trouble.seconds) == limits
    assert trouble.until_deadline is until_deadline


@pytest.mark.parametrize("error", [FalUnavailable, VideoUnavailable, StorageUnavailable])
def test_trouble_of_an_error_has_the_errors_message(
    error: type[FalUnavailable | VideoUnavailable | StorageUnavailable],
) -> None:
    assert trouble_of(error("The host is away.")).message == "The host is away."


@pytest.mark.parametrize("trouble", [UNKNOWN_TO_FAL, FAULT, DEADLINE])
def test_message_of_a_fixed_trouble_says_that_nothing_was_charged(trouble: Trouble) -> None:
    assert trouble.message.endswith(" Nothing was charged.")
