"""Work that nobody waits for: how it ends is told to the log."""

import logging

import pytest

from app.errors import DatabaseUnavailable
from app.server.tasks import BackgroundTasks


async def fails(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "level", "has_traceback"),
    [(DatabaseUnavailable(), logging.WARNING, False), (KeyError("stage"), logging.ERROR, True)],
)
async def test_a_database_that_is_away_is_no_fault_and_everything_else_is(
    caplog: pytest.LogCaptureFixture, error: Exception, level: int, *, has_traceback: bool
) -> None:
    background = BackgroundTasks()
    background.start("look at j", fails(error))
    await background.drain(1)
    (record,) = caplog.records
    assert (record.levelno, record.exc_info is not None) == (level, has_traceback)
    assert record.getMessage().startswith("look at j")


async def test_work_of_one_name_is_done_once_at_a_time() -> None:
    background = BackgroundTasks()
    first = background.start("look at j", fails(DatabaseUnavailable()))
    assert background.start("look at j", fails(KeyError())) is first
    await background.drain(1)
    assert background.tasks == []
