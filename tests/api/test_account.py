"""The caller, and the credits of a user, over HTTP."""

import asyncio
from typing import Any

import pytest

from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import token

PAGES_AT_ONCE = 7
"""Statements for which one user has memory at the same time."""


async def test_concurrent_first_requests_open_one_account(run: Running) -> None:
    statements = await asyncio.gather(*(run.credits() for _ in range(PAGES_AT_ONCE)))
    assert all(each == statements[0] for each in statements)
    assert statements[0]["available"] == 100
    assert [entry["kind"] for entry in statements[0]["entries"]] == ["grant"]


@pytest.mark.unaudited  # entries without a change of the balance
async def test_entries_of_one_millisecond_are_shown_in_their_order(run: Running) -> None:
    await run.credits()
    for fraction in ("123456", "123"):
        await run.rows(
            "CREATE type::record('credit_entry', [$fraction, 'grant']) SET user = 'ada', "
            "kind = 'grant', credits = <int> $fraction, "
            "created_at = <datetime> ('2040-01-01T00:00:00.' + $fraction + 'Z')",
            fraction=fraction,
        )
    entries = (await run.credits())["entries"]
    assert [entry["credits"] for entry in entries] == [123456, 123, 100]


async def test_caller_is_told_user_and_email_of_the_token(run: Running) -> None:
    for email in ("ada@example.com", None):
        headers = {"Authorization": f"Bearer {token('ada', **({'email': email} if email else {}))}"}
        answer = await run.client.get("/api/me", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"user": "ada", "email": email})
        assert answer.headers["cache-control"] == "no-store"
    assert_problem(await run.client.get("/api/me"), 401, "unauthenticated")


async def test_an_entry_has_the_title_of_its_video_or_of_its_template(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    assert [entry.get("title") for entry in await entries(run)] == ["Night life roller", None]
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    await run.rows("UPDATE library_video SET title = 'Friday'")
    assert [(entry["kind"], entry.get("title")) for entry in await entries(run)] == [
        ("charge", "Friday"),
        ("hold", "Friday"),
        ("grant", None),
    ]


@pytest.mark.unaudited  # the balance does not know these entries
async def test_a_reference_is_shown_where_there_is_one(run: Running) -> None:
    await run.credits()
    for kind in ("grant", "withdrawal"):
        await run.rows(
            "CREATE type::record('credit_entry', [$kind, $kind]) SET user = 'ada', kind = $kind, "
            "credits = 5, reference = 'order 7'",
            kind=kind,
        )
    await run.rows(
        "CREATE credit_entry:['gone', 'refund'] SET user = 'ada', kind = 'refund', credits = 5, "
        "job = 'gone'"
    )
    shown = [{**entry, "createdAt": ""} for entry in await entries(run)]
    assert shown == [
        {"kind": "refund", "credits": 5, "jobId": "gone", "createdAt": ""},
        {"kind": "withdrawal", "credits": 5, "reference": "order 7", "createdAt": ""},
        {"kind": "grant", "credits": 5, "reference": "order 7", "createdAt": ""},
        {"kind": "grant", "credits": 100, "createdAt": ""},
    ]


async def entries(run: Running) -> list[dict[str, Any]]:
    return list((await run.credits())["entries"])
