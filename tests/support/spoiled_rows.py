"""Rows that the database cannot change, and what the rounds of work say of them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.telemetry.metrics import TASK_FAILURES
from tests.support.service import Running


def faults(task: str) -> float:
    return float(TASK_FAILURES.labels(task)._value.get())


@asynccontextmanager
async def spoiled(
    run: Running, table: str, key: object, field: str, value: object
) -> AsyncIterator[None]:
    """Give a row a value that its table does not allow, as an earlier schema may have left one."""
    definition = (await run.rows(f"INFO FOR TABLE {table}"))["fields"][field]
    row = "type::record($table, $key)"
    given = {"table": table, "key": key}
    (before,) = await run.rows(f"SELECT VALUE {field} FROM {row}", **given)  # noqa: S608 no input

    async def put(value: object) -> None:
        await run.rows(f"DEFINE FIELD OVERWRITE {field} ON {table} TYPE any")
        await run.rows(f"UPDATE {row} SET {field} = $value", value=value, **given)  # noqa: S608 no input
        await run.rows(definition.replace("DEFINE FIELD", "DEFINE FIELD OVERWRITE", 1))

    await put(value)
    yield
    await put(before)


def left_out(caplog: pytest.LogCaptureFixture) -> str:
    records = [each for each in caplog.records if " leaves out " in each.message]
    assert all(each.levelno == logging.ERROR and each.exc_info for each in records)
    return "\n".join(each.message for each in records)
