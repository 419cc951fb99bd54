"""The back office adds credits, takes them back, and gives charges back, if it has a key."""

import json
from typing import Any

import pytest

from app.settings import Settings
from tests.support.adjustments import account, adjust, book, charged
from tests.support.deletions import delete
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer

KEY_ID = "84db22b7"
"""The first digits of the SHA-256 of ``ADMIN_KEY``."""
CREDITS = "/api/admin/credits"
NO_KEY = "Send Authorization: Bearer with one of ADMIN_API_KEYS."


async def test_a_grant_opens_the_account_adds_once_and_shows_its_reference(run: Running) -> None:
    for replayed in (None, "true", "true"):
        answer = await adjust(run, 50, reason="Bought in the shop")
        assert (answer.status_code, answer.json()) == (200, account(150))
        assert answer.headers.get("idempotent-replayed") == replayed
    assert answer.headers["cache-control"] == "no-store"
    grant, signup = (await run.credits())["entries"]
    assert grant | {"createdAt": ""} == {
        "kind": "grant",
        "credits": 50,
        "reference": "payment-1",
        "createdAt": "",
    }
    assert (signup["kind"], signup["credits"], "reference" in signup) == ("grant", 100, False)
    assert await book(run) == [
        {
            "action": "grant",
            "key": KEY_ID,
            "user": "ada",
            "credits": 50,
            "reference": "payment-1",
            "reason": "Bought in the shop",
        }
    ]


async def test_a_withdrawal_takes_back_at_most_what_is_available(
    run: Running, fal: FalStandIn
) -> None:
    await run.submitted()
    assert fal.newest
    refused = await adjust(run, -91)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_balance")
    assert await run.money() == (100, 10, ["grant", "hold"])
    assert await book(run) == []
    for _ in range(2):
        assert (await adjust(run, -90)).json() == account(10, held=10)
    assert await run.money() == (10, 10, ["grant", "hold", "withdrawal"])
    (entry,) = await book(run)
    assert (entry["action"], entry["credits"], entry.get("reason")) == ("withdraw", 90, None)


async def test_a_refused_withdrawal_opens_no_account_and_leaves_its_reference_free(
    run: Running,
) -> None:
    assert (await adjust(run, -101)).status_code == 409
    assert await run.rows("SELECT * FROM credit_account") == []
    assert await run.rows("SELECT * FROM credit_entry") == []
    assert (await adjust(run, 1)).json() == account(101)


async def test_a_charge_is_given_back_once_and_the_video_stays(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await charged(run, fal)
    for reason in ("It flickers", "Again", None):
        body = {"reason": reason} if reason else None
        answer = await run.administer("POST", f"jobs/{job_id}/refund", body)
        assert (answer.status_code, answer.json()) == (200, account(100))
    assert await run.money() == (100, 0, ["grant", "hold", "charge", "refund"])
    assert (await run.status(job_id))["status"] == "completed"
    assert [video["jobId"] for video in (await run.library())["videos"]] == [job_id]
    (entry,) = await book(run)
    assert entry == {
        "action": "refund",
        "key": KEY_ID,
        "user": "ada",
        "job": job_id,
        "credits": 10,
        "reason": "It flickers",
    }


async def test_a_job_without_a_charge_cannot_be_refunded(run: Running, fal: FalStandIn) -> None:
    unfinished = await run.submitted()
    failed = await run.submitted()
    fal.fail(fal.newest, detail="Blocked")
    await run.finished(failed)
    for job_id, status, code in (
        (unfinished, 409, "not_charged"),
        (failed, 409, "not_charged"),
        ("nobody-s", 404, "job_not_found"),
        ("two%20words", 404, "job_not_found"),
        ("x" * 201, 404, "job_not_found"),
        ("caf%C3%A9", 404, "job_not_found"),
    ):
        answer = await run.administer("POST", f"jobs/{job_id}/refund")
        assert (answer.status_code, answer.json()["code"]) == (status, code), job_id
    assert await book(run) == []


async def test_a_charge_of_nothing_is_given_back_too(run: Running, fal: FalStandIn) -> None:
    await run.rows("UPDATE template SET credits = 0")
    job_id = await charged(run, fal)
    for _ in range(2):
        assert (await run.administer("POST", f"jobs/{job_id}/refund")).json() == account(100)
    assert (await run.money())[2] == ["grant", "hold", "charge", "refund"]


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        ({"user": ""}, "user: must have 1 to 128 characters."),
        ({"user": "a" * 129}, "user: must have 1 to 128 characters."),
        ({"user": 7}, "user: must be text."),
        ({"user": None}, "user: must be text."),
        ({"credits": 0}, "credits: must not be 0."),
        ({"credits": 1.5}, "credits: must be a whole number."),
        ({"credits": 5.0}, "credits: must be a whole number."),
        ({"credits": "5"}, "credits: must be a whole number."),
        ({"credits": True}, "credits: must be a whole number."),
        ({"credits": 1_000_000_001}, "credits: must be 1,000,000,000 or less."),
        ({"credits": -(10**30)}, "credits: must be -1,000,000,000 or more."),
        ({"reference": ""}, "reference: must be 1 to 200 visible ASCII characters."),
        ({"reference": "r" * 201}, "reference: must be 1 to 200 visible ASCII characters."),
        ({"reference": "two words"}, "reference: must be 1 to 200 visible ASCII characters."),
        ({"reference": "line\n"}, "reference: must be 1 to 200 visible ASCII characters."),
        ({"reference": 7}, "reference: must be text."),
        ({"reason": "r" * 501}, "reason: must have 500 or fewer characters."),
        ({"reason": None}, "reason: must be text."),
        ({"User": "ada"}, "User: is not known here."),
    ],
    ids=str,
)
async def test_a_wrong_body_is_refused_by_field_and_nothing_is_written(
    run: Running, wrong: dict[str, Any], detail: str
) -> None:
    answer = await adjust(run, 50, **wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["detail"] == detail
    assert await run.rows("SELECT * FROM credit_account") == []


async def test_texts_of_any_kind_are_kept_as_they_are(run: Running) -> None:
    user, reason = "Zoë ⟨`'\"\\ 1:2", "a\0b\n⟩ 🎬 `'\""
    answer = await adjust(run, 5, "!~" * 100, user=user, reason=reason)
    assert answer.json() == account(105)
    assert (await run.credits(user=user))["balance"] == 105
    (entry,) = await book(run)
    assert (entry["user"], entry["reason"]) == (user, reason)


async def test_half_a_surrogate_pair_is_no_text(run: Running) -> None:
    for field in ("user", "reason"):
        body = {"user": "ada", "credits": 5, "reference": "r", field: "\ud83c"}
        answer = await run.client.post(CREDITS, content=json.dumps(body), headers=admin_bearer())
        assert answer.json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, NO_KEY),
        ({"Authorization": f"Basic {ADMIN_KEY}"}, NO_KEY),
        (admin_bearer(ADMIN_KEY[:-1]), "The key is not one of ADMIN_API_KEYS."),
        (admin_bearer(ADMIN_KEY.upper()), "The key is not one of ADMIN_API_KEYS."),
        (bearer(), "The key is not one of ADMIN_API_KEYS."),
    ],
)
async def test_without_a_key_nothing_is_read_or_changed(
    run: Running, fal: FalStandIn, headers: dict[str, str], detail: str
) -> None:
    job_id = await charged(run, fal)
    for path in (CREDITS, f"/api/admin/jobs/{job_id}/refund"):
        answer = await run.client.post(path, content=b"{", headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (401, detail)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert await book(run) == []
    assert (await run.credits())["balance"] == 90


async def test_the_key_of_the_back_office_is_no_token(run: Running) -> None:
    answer = await run.client.get("/api/credits", headers=admin_bearer())
    assert answer.status_code == 401


async def test_the_charge_of_a_deleted_video_is_given_back(run: Running, fal: FalStandIn) -> None:
    job_id = await charged(run, fal)
    assert (await delete(run, job_id)).status_code == 204
    assert (await run.administer("POST", f"jobs/{job_id}/refund")).json() == account(100)
    assert (await run.library())["videos"] == []


async def test_sums_stay_within_what_javascript_can_count(
    settings: Settings, fal: FalStandIn
) -> None:
    rich = settings.model_copy(update={"credits_signup_grant": 2**53 - 2})
    async with running(rich, fal) as run:
        refused = await adjust(run, 2)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        assert "2^53" in refused.json()["detail"]
        assert (await adjust(run, 1)).json()["balance"] == 2**53 - 1
