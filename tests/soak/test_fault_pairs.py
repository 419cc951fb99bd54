"""A fault at any call of a job, and another at any call of its recovery, break no invariant."""

from itertools import count
from pathlib import Path

import pytest

from tests.support.crash_cases import SCENARIOS, begun_cases
from tests.support.crashes import Scenario
from tests.support.seams import DEATHS, FORESEEN, CallFault

pytestmark = [
    pytest.mark.soak,
    # The garbage collector closes the sockets of a service that died.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(7200),
]
FAULTS = DEATHS + FORESEEN


@pytest.mark.parametrize("second", FAULTS, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("first", FAULTS, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_no_pair_of_faults_breaks_an_invariant(
    migrated_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
    first: CallFault,
    second: CallFault,
) -> None:
    pairs = 0
    async with begun_cases(migrated_folder, tmp_path, monkeypatch, scenario) as cases:
        for one in range(len(await cases.play())):
            for other in count():
                calls = await cases.play({one: first}, {other: second})
                pairs += 1
                if len(calls) <= other:
                    break
    print(f"{pairs} pairs")  # noqa: T201 the length of a soak is a result
    assert pairs >= 20
