"""Each call around an ending and its event is made to fail, and no ending is lost.

The process dies before the call or after it, the call fails, its answer is lost, or it raises what
nobody foresaw. Afterwards the receiver knows each ending, under one id, and none of other jobs.
"""

from pathlib import Path

import pytest

from app import times
from tests.support.crash_cases import (
    Cases,
    begun_cases,
    completes_unwatched,
    is_cancelled,
    is_refused_by_the_model,
    points,
)
from tests.support.crashes import Faults, Scenario
from tests.support.event_receiver import EventReceiver, taken
from tests.support.outgoing_events import tell
from tests.support.seams import DEATHS, ERRORS, CallFault
from tests.support.service import TERMINAL, Running

pytestmark = [
    # Its calls would be counted with those of the job.
    pytest.mark.usefixtures("only_when_asked"),
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
ROUNDS = 4


async def tell_due(run: Running) -> None:
    await tell(run)


async def tell_all(cases: Cases, receiver: EventReceiver) -> None:
    """Tell what is left as leases run out, and compare with the jobs that ended."""
    receiver.answer = taken
    for _ in range(ROUNDS):
        await cases.lives.pass_time(times.EVENT_LEASE + 30)
        await cases.lives.step(tell_due)
    run = await cases.lives.begin()
    assert run is not None
    assert await run.rows("SELECT id FROM outgoing_event") == []
    jobs = await run.rows("SELECT VALUE [record::id(id), status] FROM video_job")
    assert {told.job_id for told in receiver.told} == {job for job, end in jobs if end in TERMINAL}
    for job, end in jobs:
        told = [each for each in receiver.told if each.job_id == job]
        assert len({each.message_id for each in told}) == 1
        assert {each.event["type"] for each in told} == {f"video.{end}"}


@FAULTS
@pytest.mark.parametrize(
    "scenario",
    [completes_unwatched, is_cancelled, is_refused_by_the_model],
    ids=lambda scenario: scenario.__name__,
)
async def test_no_single_fault_of_a_job_loses_the_event_of_its_ending(
    migrated_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: EventReceiver,
    scenario: Scenario,
    faults: tuple[CallFault, ...],
) -> None:
    async with begun_cases(
        migrated_folder, tmp_path, monkeypatch, scenario, **receiver.settings
    ) as cases:
        for number, fault in points(await cases.play(), faults):
            await cases.play({number: fault})
        while await cases.lives.step(tell_due) != ["db.query"]:
            pass
        await tell_all(cases, receiver)


@FAULTS
@pytest.mark.parametrize("answer", [204, 503])
async def test_no_single_fault_while_an_event_is_told_loses_it(
    migrated_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receiver: EventReceiver,
    faults: tuple[CallFault, ...],
    answer: int,
) -> None:
    async def tell_one(cases: Cases, met: Faults) -> list[str]:
        receiver.answer = taken
        await cases.lives.step(tell_due)
        await cases.play()
        receiver.answer_with(answer)
        calls = await cases.lives.step(tell_due, met)
        await cases.lives.pass_time(times.EVENT_LEASE + 30)
        return calls

    async with begun_cases(
        migrated_folder, tmp_path, monkeypatch, is_refused_by_the_model, **receiver.settings
    ) as cases:
        names = await tell_one(cases, {})
        assert names[-2:] == [
            "events.tell",
            f"db.outgoing_event::{'told' if answer == 204 else 'postpone'}",
        ]
        for number, fault in points(names, faults):
            await tell_one(cases, {number: fault})
        await tell_all(cases, receiver)
