"""The credits of a user over HTTP."""

import asyncio

from tests.support.service import Running


async def test_concurrent_first_requests_open_one_account(run: Running) -> None:
    statements = await asyncio.gather(*(run.credits() for _ in range(20)))
    assert all(each == statements[0] for each in statements)
    assert statements[0]["available"] == 100
    assert [entry["kind"] for entry in statements[0]["entries"]] == ["grant"]
