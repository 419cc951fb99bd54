"""A call to the database ends with its task, also if the answer comes at the same instant."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from surrealdb.errors import ServerError

from app.database.connection import Connection, run_statement


@pytest.mark.parametrize("answer", [["true"], ServerError("Thrown", "An error occurred: no")])
async def test_a_cancellation_beside_the_answer_is_not_swallowed(answer: Any) -> None:
    """On Python 3.11, ``asyncio.wait_for``, by which the SDK waits, then returns the answer."""
    pending = asyncio.get_running_loop().create_future()

    async def query(_statement: str, _variables: dict[str, Any]) -> Any:
        return await asyncio.wait_for(pending, 10)

    connection = cast("Connection", SimpleNamespace(query=query))
    calling = asyncio.create_task(run_statement(connection, "RETURN true", {}))
    await asyncio.sleep(0)
    if isinstance(answer, Exception):
        pending.set_exception(answer)
    else:
        pending.set_result(answer)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
