"""The commands and the program of ``docs/back-office.md`` work as printed."""

import asyncio
import hashlib
import hmac
import json
import os
import re
import shutil
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from app.settings import Settings
from tests.support.deletions import carry_on, completed
from tests.support.service import Running, over_a_socket
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import ADMIN_KEY

PAGE = Path("docs/back-office.md").read_text()
STRIPE_SECRET = "whsec_of_the_shop"
CHECKOUT = {
    "id": "cs_test_1",
    "payment_status": "paid",
    "client_reference_id": "ann",
    "metadata": {"credits": "100"},
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


# Every command of the page: one more or less fails here.
GRANT, WITHDRAWAL, REFUND, JOBS, STORY, FAIL, SUSPEND, ERASE, PROGRESS, SWITCH = [
    each for each in blocks("sh") if each.startswith("curl")
]


async def run_command(command: str, **variables: str) -> Any:
    if shutil.which("curl") is None:
        pytest.skip("install curl")
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        command,
        stdout=PIPE,
        stderr=PIPE,
        env={"PATH": os.environ["PATH"]} | variables,
    )
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints
    return json.loads(said)


async def test_the_commands_add_credits_take_them_back_and_refund(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted(user="ann")
    fal.complete(fal.newest, small_video())
    await run.finished(job_id, user="ann")
    async with over_a_socket(run) as url:
        given = {"SERVICE": url, "ADMIN_KEY": ADMIN_KEY, "JOB": job_id}
        for command, balance in (GRANT, 190), (WITHDRAWAL, 90), (REFUND, 100):
            for _ in range(2):
                assert await run_command(command, **given) == {
                    "balance": balance,
                    "held": 0,
                    "available": balance,
                }


async def test_the_commands_find_a_job_tell_its_story_and_end_it(run: Running) -> None:
    job_id = await run.submitted(user="ann")
    await run.submitted(user="bob")
    async with over_a_socket(run) as url:
        given = {"SERVICE": url, "ADMIN_KEY": ADMIN_KEY, "JOB": job_id}
        assert [job["jobId"] for job in (await run_command(JOBS, **given))["jobs"]] == [job_id]
        assert (await run_command(STORY, **given))["job"]["status"] == "pending"
        ended = await run_command(FAIL, **given)
        assert (ended["jobId"], ended["error"]["code"]) == (job_id, "interrupted")
        assert await run_command("! " + FAIL, **given) | {"detail": ""} == {
            "type": "urn:problem:job_finished",
            "title": "Job finished",
            "status": 409,
            "code": "job_finished",
            "detail": "",
        }
    (action,) = await run.rows("SELECT * FROM admin_action")
    assert (action["action"], action["job"]) == ("fail", job_id)


async def test_the_commands_suspend_a_user_and_take_a_template_off_offer(run: Running) -> None:
    async with over_a_socket(run) as url:
        given = {"SERVICE": url, "ADMIN_KEY": ADMIN_KEY}
        for _ in range(2):
            assert (await run_command(SUSPEND, **given))["suspended"] is True
            assert await run_command(SWITCH, **given) == {"slug": "dance-floor", "enabled": False}
    assert (await run.submit(user="ann")).status_code == 403
    listed = (await run.client.get("/api/templates")).json()["templates"]
    assert "dance-floor" not in {template["slug"] for template in listed}


async def test_the_commands_erase_a_user_and_show_how_far_it_is(
    run: Running, fal: FalStandIn
) -> None:
    await completed(run, fal, user="ann")
    async with over_a_socket(run) as url:
        given = {"SERVICE": url, "ADMIN_KEY": ADMIN_KEY}
        asked = await run_command(ERASE, **given)
        assert set(asked) == {"requestedAt", "left"}
        await carry_on(run, 1)
        erasure = (await run_command(PROGRESS, **given))["erasure"]
        assert (erasure["left"], "finishedAt" in erasure) == (0, True)
        await run.submitted(user="ann")
        again = await run_command(ERASE, **given)
    assert (again["left"], set(again)) == (1, {"requestedAt", "left"})
    assert again["requestedAt"] > asked["requestedAt"]


async def test_the_book_is_read_as_described(run: Running) -> None:
    body = {"user": "ann", "credits": 5, "reference": "r", "reason": "why"}
    await run.administer("POST", "credits", body)
    (statement,) = blocks("sql")
    (row,) = await run.rows(statement.strip().rstrip(";"))
    (fields,) = re.findall(r"^\| field .*?\n\n", PAGE, re.DOTALL | re.MULTILINE)
    described = {name for line in fields.splitlines() for name in re.findall(r"`(\w+)`", line[:25])}
    assert set(row) - {"id"} <= described
    assert row["key"] == hashlib.sha256(ADMIN_KEY.encode()).hexdigest()[:8]


@pytest.fixture
def shop_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ADMIN_KEY", ADMIN_KEY)
    monkeypatch.setenv("STRIPE_SECRET", STRIPE_SECRET)
    return monkeypatch


@pytest_asyncio.fixture
async def shop(
    run: Running, shop_environment: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The program of the page, beside the service."""
    async with over_a_socket(run) as url:
        shop_environment.setenv("SERVICE", url)
        program: dict[str, Any] = {}
        (code,) = blocks("python")
        exec(compile(code, "shop.py", "exec"), program)  # noqa: S102 our own page
        app = program["app"]
        assert isinstance(app, Starlette)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://shop"
        ) as client:
            yield client


async def deliver(
    shop: httpx.AsyncClient,
    event_id: str = "evt_1",
    *,
    kind: str = "checkout.session.completed",
    age: int = 0,
    secret: str = STRIPE_SECRET,
    **changes: Any,
) -> int:
    """Send an event as Stripe signs it; return the status of the answer."""
    event = {"id": event_id, "type": kind, "data": {"object": CHECKOUT | changes}}
    body, sent = json.dumps(event).encode(), str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    signature = f"t={sent},v1={'0' * 64},v1={digest},v0=1"
    answer = await shop.post("/stripe", content=body, headers={"Stripe-Signature": signature})
    return answer.status_code


async def test_a_checkout_adds_its_credits_once(run: Running, shop: httpx.AsyncClient) -> None:
    assert [await deliver(shop) for _ in range(2)] == [200, 200]
    assert await deliver(shop, "evt_2") == 200, "another event of the same payment"
    newest, _ = (await run.credits(user="ann"))["entries"]
    assert (newest["credits"], newest["reference"]) == (100, "cs_test_1")
    later = "checkout.session.async_payment_succeeded"
    assert await deliver(shop, id="cs_test_2", kind=later) == 200
    assert (await run.credits(user="ann"))["balance"] == 300
    reasons = await run.rows("SELECT VALUE reason FROM admin_action ORDER BY id")
    assert reasons == ["Stripe event evt_1", "Stripe event evt_1"]


async def test_a_checkout_that_is_not_paid_or_not_signed_adds_nothing(
    run: Running, shop: httpx.AsyncClient
) -> None:
    assert await deliver(shop, payment_status="unpaid") == 200
    assert await deliver(shop, kind="charge.refunded") == 200
    assert await deliver(shop, secret="guessed") == 400
    assert await deliver(shop, age=3600) == 400
    for signature in ("", "t=,v1=", "nonsense"):
        answer = await shop.post("/stripe", headers={"Stripe-Signature": signature})
        assert answer.status_code == 400
    assert await run.rows("SELECT * FROM admin_action") == []


async def test_stripe_sends_an_event_again_if_the_service_refuses_it(
    run: Running, shop: httpx.AsyncClient, settings: Settings
) -> None:
    closed = settings.model_copy(update={"admin_api_keys": ()})
    object.__setattr__(run.service, "settings", closed)
    assert await deliver(shop) == 502
    object.__setattr__(run.service, "settings", settings)
    assert await deliver(shop) == 200
    assert (await run.credits(user="ann"))["balance"] == 200
