"""Where nobody signs in, no other site's page can use the service or spend money."""

import pytest

from app.settings import Settings
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, png, running, submission
from tests.support.stand_ins.fal import FalStandIn

LOCAL = "127.0.0.1:8000"
CROSS = {"Sec-Fetch-Site": "cross-site"}

OWN = [
    {},
    {"Host": "localhost"},
    {"Host": "LOCALHOST:3000"},
    {"Host": "[::1]:8000"},
    {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost:5173"} | CROSS,
    {"Origin": "https://shop.localhost", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]
FOREIGN = [
    {"Host": "rebound.example:8000"},
    {"Host": "127.0.0.1.rebound.example"},
    {"Host": "localhost.rebound.example"},
    {"Host": "0.0.0.0:8000"},
    {"Host": "192.168.0.7:8000"},
    {"Host": ""},
    {"Host": "[::1"},
    {"Host": "[::1].rebound.example"},
    {"Host": "any@localhost"},
    {"Host": "localhost:port"},
    {"Host": "localhost/rebound.example"},
    {"Origin": "https://other.example"},
    {"Origin": "https://other.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost.other.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Host": "rebound.example", "Origin": "http://localhost"},
    CROSS,
]


@pytest.fixture
def development(settings: Settings) -> Settings:
    return settings.model_copy(update={"auth_jwt_secret": None})


async def test_only_pages_of_this_machine_are_served(
    development: Settings, fal: FalStandIn
) -> None:
    async with running(development, fal) as run:
        for headers in FOREIGN:
            given = {"Host": LOCAL} | headers
            for answer in (
                await run.client.post(SUBMIT, **submission(png()), headers=given),
                await run.client.get("/api/credits", headers=given),
                await run.client.options(SUBMIT, headers=given),
            ):
                body = assert_problem(answer, 403, "forbidden")
                assert "AUTH_JWT_SECRET" in body["detail"]
                assert answer.headers["X-Request-ID"]
        assert_problem(
            await run.client.post(
                SUBMIT, headers={"Host": LOCAL, "Sec-Fetch-Dest": "document"} | CROSS
            ),
            403,
            "forbidden",
        )
        await assert_no_effect(run, fal)
        for headers in OWN:
            answer = await run.client.get("/api/credits", headers={"Host": LOCAL} | headers)
            assert answer.status_code == 200, headers
        link = {"Host": LOCAL, "Sec-Fetch-Dest": "document"} | CROSS
        assert (await run.client.get("/", headers=link)).status_code == 200
        own = {"Host": LOCAL, "Origin": "http://localhost:3000"}
        answer = await run.client.post(SUBMIT, **submission(png()), headers=own)
        assert answer.status_code == 202


async def test_with_tokens_every_host_and_origin_is_served(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal) as run:
        for headers in FOREIGN:
            answer = await run.client.get("/api/templates", headers=headers)
            assert answer.status_code == 200, headers
