"""Background tasks report how they end; supervised tasks never stop by themselves."""

import asyncio
import logging

import pytest

from app.problems import DatabaseUnavailable
from app.server.tasks import LONGEST_PAUSE, BackgroundTasks, supervise, supervised
from app.telemetry.metrics import TASK_FAILURES


async def fails(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "level", "has_traceback"),
    [(DatabaseUnavailable(), logging.WARNING, False), (KeyError("stage"), logging.ERROR, True)],
)
async def test_an_unavailable_database_is_a_warning_and_every_other_error_has_its_traceback(
    caplog: pytest.LogCaptureFixture, error: Exception, level: int, *, has_traceback: bool
) -> None:
    background = BackgroundTasks()
    background.start("look at j", fails(error))
    await background.drain(1)
    (record,) = caplog.records
    assert (record.levelno, record.exc_info is not None) == (level, has_traceback)
    assert record.getMessage().startswith("look at j")


async def test_only_one_task_of_a_name_runs_at_a_time() -> None:
    background = BackgroundTasks()
    first = background.start("look at j", fails(DatabaseUnavailable()))
    assert background.start("look at j", fails(KeyError())) is first
    await background.drain(1)
    assert background.tasks == []


class Rounds:
    """Rounds of a loop: each raises or returns as given, and the last one never ends."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes = iter(outcomes)
        self.last = asyncio.Event()

    async def __call__(self) -> None:
        for outcome in self._outcomes:
            if outcome is not None:
                raise outcome
            return
        self.last.set()
        await asyncio.Event().wait()


async def ended(task: "asyncio.Task[object]") -> bool:
    task.cancel()
    await asyncio.wait({task})
    return task.cancelled()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a supervised task makes, none of which takes time."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def instant(seconds: float) -> None:
        made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", instant)
    return made


@pytest.mark.usefixtures("pauses")
async def test_a_supervised_task_continues_after_any_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = TASK_FAILURES.labels("count")
    before = failures._value.get()
    rounds = Rounds(KeyError("stage"), None, DatabaseUnavailable(), None)
    task = asyncio.create_task(supervise("count", rounds))
    await rounds.last.wait()
    assert failures._value.get() == before + 2
    assert [record.getMessage() for record in caplog.records] == [
        "count failed and starts again in 1 s"
    ] * 2
    assert all(record.exc_info for record in caplog.records)
    assert await ended(task)


async def test_the_pause_doubles_with_each_failure_and_a_success_resets_it(
    pauses: list[float],
) -> None:
    rounds = Rounds(*[ValueError()] * 8, None, ValueError())
    task = asyncio.create_task(supervise("back off", rounds, pause=0.5))
    await rounds.last.wait()
    assert pauses == [0.5, 1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, 0.5]
    assert await ended(task)


async def test_a_supervised_task_can_be_cancelled_during_its_pause() -> None:
    task = asyncio.create_task(supervise("pause", lambda: fails(ValueError()), pause=3600))
    await asyncio.sleep(0)
    assert await ended(task)


async def test_supervised_tasks_do_not_stop_each_other_and_end_with_the_body() -> None:
    steady = Rounds(None)
    async with (
        supervised("broken", lambda: fails(ValueError())),
        supervised("steady", steady),
    ):
        await steady.last.wait()
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert {"broken", "steady"} <= names
    assert not {"broken", "steady"} & {task.get_name() for task in asyncio.all_tasks()}
