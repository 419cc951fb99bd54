"""Each call to an outside system is made to fail, and every invariant still holds.

The process dies before the call or after it, the call fails, its answer is lost, or it raises what
nobody foresaw. Then the user repeats a submit that was not accepted, with the same key, time
passes, the sweep runs with no browser open, and the audit checks every invariant.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.crash_cases import (
    SCENARIOS,
    Cases,
    begun_cases,
    completes_unwatched,
    is_cancelled_while_it_uploads,
    points,
)
from tests.support.crashes import Scenario
from tests.support.seams import DEATHS, ERRORS, CallFault
from tests.support.webhooks import PUBLIC_URL

pytestmark = [
    # The garbage collector closes the sockets of a service that died.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(600),
]
FAULTS = pytest.mark.parametrize(
    "faults",
    [
        pytest.param(DEATHS, id="deaths"),
        pytest.param(ERRORS, id="errors", marks=pytest.mark.soak),  # six for each call: minutes
    ],
)
Begin = Callable[..., AbstractAsyncContextManager[Cases]]


@pytest.fixture
def begin(migrated_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Return a function that begins the cases of a scenario; they are checked at the end."""
    return functools.partial(begun_cases, migrated_folder, tmp_path, monkeypatch)


@FAULTS
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_no_single_fault_breaks_an_invariant(
    begin: Begin, scenario: Scenario, faults: tuple[CallFault, ...]
) -> None:
    async with begin(scenario) as cases:
        for number, fault in await cases.points(faults):
            await cases.play({number: fault})


@FAULTS
@pytest.mark.parametrize(
    "scenario",
    [completes_unwatched, is_cancelled_while_it_uploads],
    ids=lambda scenario: scenario.__name__,
)
async def test_no_single_fault_breaks_an_invariant_while_webhooks_are_expected(
    begin: Begin, scenario: Scenario, faults: tuple[CallFault, ...]
) -> None:
    async with begin(scenario, public_url=PUBLIC_URL) as cases:
        for number, fault in points(await cases.play(), faults):
            await cases.play({number: fault})


@FAULTS
async def test_no_single_fault_during_recovery_breaks_an_invariant(
    begin: Begin, faults: tuple[CallFault, ...]
) -> None:
    async with begin(completes_unwatched) as cases:
        for number, fault in points(await cases.play(later={}), faults):
            await cases.play(later={number: fault})


@FAULTS
async def test_no_single_fault_at_the_start_breaks_an_invariant(
    begin: Begin, faults: tuple[CallFault, ...]
) -> None:
    async with begin(completes_unwatched) as cases:
        names = await cases.start({})
        until_open = names[: names.index("db.video_job::open")]
        for number, fault in points(until_open, faults):
            await cases.start({number: fault})
