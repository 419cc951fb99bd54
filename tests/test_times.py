"""The times that depend on each other add up to what the service promises."""

import re
from pathlib import Path

import pytest

from app import times

MARGIN = 0.2
"""Seconds of ANSWER left for the work of the service itself."""
DELETION = Path("schema/functions/deletion.surql")
JOB_FUNCTIONS = Path("schema/functions/video_job.surql")


@pytest.mark.parametrize(
    "waited",
    [
        times.DATABASE_CALL,
        times.STORAGE_CHECK,
        times.CALLBACK,
        times.KEY_SET_WAIT + times.FAL_WAIT,
    ],
)
def test_an_answer_comes_in_time_when_something_hangs(waited: float) -> None:
    assert waited <= times.ANSWER - MARGIN


def test_the_process_ends_in_time_when_everything_hangs() -> None:
    steps = (
        times.REQUEST_GRACE,
        times.DRAIN,
        times.PART_DRAIN,
        times.UPLOAD_ABORT * times.UPLOAD_ABORTS,
        times.DATABASE_CLOSE,
        times.TRACES_EXPORT,
        times.ENGINE_EXIT,
    )
    assert sum(steps) < times.FORCED_EXIT < times.STOP


def test_a_submit_is_answered_before_the_grace_for_requests_ends() -> None:
    assert times.SUBMIT_AT_STOP + times.DATABASE_CALL < times.REQUEST_GRACE


def test_a_delivery_keeps_its_lease_when_one_renewal_fails() -> None:
    assert 2 * (times.LEASE_RENEWAL + times.DATABASE_CALL) < times.LEASE


def test_a_process_has_written_what_it_knows_before_the_second_look_at_a_submit() -> None:
    (least,) = re.findall(r"\$again \* rand::int\((\d+), \d+\) \* \(IF", JOB_FUNCTIONS.read_text())
    late = times.LATE_WRITE + 1 + times.DATABASE_CALL
    assert late < times.SECOND_LOOK < times.LOOK_AGAIN * int(least) / 1000


def test_a_repeated_submit_waits_until_a_failure_of_the_first_is_written() -> None:
    assert times.LATE_WRITE + 1 + times.DATABASE_CALL < times.FIRST_SUBMIT


def test_a_deletion_is_not_given_to_another_process_while_it_runs() -> None:
    assert times.DELETION_PATIENCE + times.DATABASE_CALL < times.DELETION_LEASE


def test_a_start_image_is_stored_before_its_deletion_deletes_the_objects_once_more() -> None:
    storing = times.DATABASE_CALL + times.START_IMAGE_FRESH + times.START_IMAGE_PUT
    aborting = times.PART_DRAIN + times.UPLOAD_ABORT * times.UPLOAD_ABORTS
    (again,) = re.findall(r"\$round = 0 \{ \$now \+ (\d+)m \}", DELETION.read_text())
    assert storing + aborting < int(again) * 60


def test_an_event_is_told_by_one_process_at_a_time() -> None:
    assert times.EVENT_ATTEMPT + 3 * times.DATABASE_CALL < times.EVENT_LEASE


def test_the_streams_of_a_killed_process_are_forgotten_in_time() -> None:
    assert 3 * times.PROCESS_RENEWAL + times.DATABASE_CALL < times.PROCESS_ALIVE
    assert times.PROCESS_ALIVE < times.PLACES_FREE


def test_every_unfinished_job_is_checked_within_the_promised_time() -> None:
    functions = JOB_FUNCTIONS.read_text()
    variation = max(int(most) for most in re.findall(r"rand::int\(\d+, (\d+)\)", functions)) / 1000
    (tripled,) = re.findall(r"created_at < \$now - 10m \{ (\d+) \}", functions)
    waits = (times.LOOK_AGAIN * int(tripled), times.LONGEST_RETRY_WAIT)
    sweep = times.SWEEP_INTERVAL * (1 + times.SWEEP_JITTER)
    assert variation * max(waits) + sweep <= times.UNSEEN
