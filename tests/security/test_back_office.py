"""Every route of the back office is closed to everyone without one of its keys."""

from typing import Any

import pytest

from app.settings import Settings
from tests.support.problems.requests import BACK_OFFICE, valid_request
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer

STRANGERS = {
    "nobody": {},
    "a user": bearer(),
    "another scheme": {"Authorization": f"Basic {ADMIN_KEY}"},
    "a part of the key": admin_bearer(ADMIN_KEY[:-1]),
    "more than the key": admin_bearer(f"{ADMIN_KEY}x"),
    "the key in capitals": admin_bearer(ADMIN_KEY.upper()),
    "not ASCII": {"Authorization": "Bearer k\xe9y".encode("latin-1")},
}


async def tables(run: Running) -> dict[str, Any]:
    """Return all rows, without what a running service writes by itself."""
    names = (await run.rows("INFO FOR DB"))["tables"].keys() - {"service_process", "probe"}
    return {name: await run.rows(f"SELECT * FROM {name}") for name in names}  # noqa: S608 a name


@pytest.mark.parametrize("operation", sorted(BACK_OFFICE))
@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
async def test_strangers_are_refused_before_anything_is_read_or_changed(
    run: Running, operation: str, headers: dict[str, Any]
) -> None:
    job_id = await run.submitted()
    await run.wait_for_background()
    before = await tables(run)
    method, path, request = valid_request(operation, job=job_id)
    for content in (request.get("json"), "of another shape"):
        answer = await run.client.request(method, path, headers=headers, json=content)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await tables(run) == before


@pytest.mark.parametrize("operation", sorted(BACK_OFFICE))
async def test_without_keys_there_is_no_back_office(
    settings: Settings, fal: FalStandIn, operation: str
) -> None:
    method, path, request = valid_request(operation, job="a-job")
    closed = settings.model_copy(update={"admin_api_keys": ()})
    async with running(closed, fal) as run:
        answer = await run.client.request(method, path, **request)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("number", [0, 1])
async def test_each_of_several_keys_opens_it(
    settings: Settings, fal: FalStandIn, number: int
) -> None:
    keys = ADMIN_KEY, "another-key-of-the-back-office-of-the-tests"
    several = Settings.model_validate(settings.model_dump() | {"admin_api_keys": ",".join(keys)})
    async with running(several, fal) as run:
        body = {"user": "ada", "credits": 5, "reference": "payment-1"}
        answer = await run.client.post(
            "/api/admin/credits", json=body, headers=admin_bearer(keys[number])
        )
        assert answer.is_success
