"""Sharing by link: the same link until it is revoked, and then none."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from app.main import create_app
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry.seam import T
from tests.support.job_rows import stored_row
from tests.support.problems.scene import FaultySeam
from tests.support.process import PATIENCE
from tests.support.refusals import assert_problem
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, S3Server
from tests.support.service import Running, running
from tests.support.shares import AS_BROWSER, VIDEO, delete, made, revoke, share, shared
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer


@pytest.fixture
async def job(run: Running, fal: FalStandIn) -> str:
    """The job of a video of ada's."""
    return await made(run, fal)


@pytest.mark.unaudited  # half a deletion
async def test_missing_foreign_and_deleted_videos_are_the_same_404(run: Running, job: str) -> None:
    paths = [("GET", "download"), ("POST", "share"), ("DELETE", "share")]

    async def refusals(job_id: str, user: str) -> list[str]:
        answers = [
            await run.client.request(method, f"/api/library/{job_id}/{last}", headers=bearer(user))
            for method, last in paths
        ]
        return [str(assert_problem(each, 404, "video_not_found")) for each in answers]

    missing = await refusals("no-such-job", "ada")
    assert await refusals(job, "eve") == missing
    assert await refusals("%00", "ada") == missing
    assert await refusals("ü", "ada") == missing
    await delete(run, job)
    assert await refusals(job, "ada") == missing
    for method, last in paths:
        answer = await run.client.request(method, f"/api/library/{job}/{last}")
        assert_problem(answer, 401, "unauthenticated")


async def test_a_share_is_the_same_each_time_until_it_is_revoked_for_good(
    run: Running, job: str
) -> None:
    first = await shared(run, job)
    assert re.fullmatch(r"/v/[A-Za-z0-9_-]{22}", first)
    assert await shared(run, job) == first
    assert (await run.library())["videos"][0]["shareUrl"] == first
    for _ in range(2):
        answer = await revoke(run, job)
        assert (answer.status_code, answer.content) == (204, b"")
    assert "shareUrl" not in (await run.library())["videos"][0]
    second = await shared(run, job)
    assert second != first
    assert_problem(await run.client.get(first), 404, "video_not_found")
    assert (await run.client.get(second)).status_code == 200


async def test_racing_shares_get_one_link(run: Running, job: str) -> None:
    answers = await asyncio.gather(*(share(run, job) for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert len(await run.rows("SELECT * FROM share")) == 1


async def test_racing_shares_and_revocations_leave_one_link_or_none(run: Running, job: str) -> None:
    answers = await asyncio.gather(*(each(run, job) for _ in range(10) for each in (share, revoke)))
    assert {answer.status_code for answer in answers} == {200, 204}
    shares = await run.rows("SELECT VALUE record::id(id) FROM share")
    (video,) = (await run.library())["videos"]
    assert [f"/v/{token}" for token in shares] == [video[n] for n in ("shareUrl",) if n in video]


async def test_a_revoked_link_works_nowhere_from_then_on(run: Running, job: str) -> None:
    path = await shared(run, job)
    paths = (path, f"{path}/video", f"{path}/poster")
    assert [(await run.client.get(each)).status_code for each in paths] == [200, 302, 302]
    await revoke(run, job)
    for each in paths:
        assert_problem(await run.client.get(each), 404, "video_not_found")
        assert (await run.client.head(each)).status_code == 404
    page = await run.client.get(path, headers=AS_BROWSER)
    assert page.status_code == 404
    assert ">There is no video here</h1>" in page.text


@pytest.mark.unaudited  # half a deletion
async def test_a_deleted_video_is_not_shared(run: Running, job: str) -> None:
    path = await shared(run, job)
    await delete(run, job)
    for each in (path, f"{path}/video", f"{path}/poster"):
        assert_problem(await run.client.get(each), 404, "video_not_found")


@pytest.mark.unaudited  # a share by hand
async def test_a_token_that_the_video_does_not_name_shows_nothing(run: Running, job: str) -> None:
    token = "a-token-of-22-letters_"
    await run.rows("CREATE type::record('share', $share) SET job = $job", share=token, job=job)
    assert_problem(await run.client.get(f"/v/{token}"), 404, "video_not_found")


@pytest.mark.parametrize("token", ["x", "x" * 21, "x" * 23, "x" * 21 + "é", "%00" * 22, "x" * 5000])
async def test_a_text_that_is_no_token_never_reaches_the_database(
    settings: Settings, fal: FalStandIn, token: str
) -> None:
    seam = FaultySeam()
    async with running(settings, fal, seam=seam) as run:
        seam.error = DatabaseUnavailable()
        for path in (f"/v/{token}", f"/v/{token}/video", f"/v/{token}/poster"):
            assert (await run.client.get(path)).status_code == 404
        assert (await run.client.get(f"/v/{'x' * 22}")).status_code == 503
        seam.error = None


async def test_shares_of_a_private_bucket_lead_to_signed_addresses(
    settings: Settings, fal: FalStandIn, s3: S3Server
) -> None:
    bucket = {
        "r2_endpoint_url": s3.endpoint_url,
        "r2_bucket": BUCKET,
        "r2_access_key_id": ACCESS_KEY_ID,
        "r2_secret_access_key": SecretStr(SECRET_ACCESS_KEY),
    }
    async with (
        running(settings.model_copy(update=bucket), fal) as run,
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser,
    ):
        job_id = await made(run, fal)
        path = await shared(run, job_id)
        policy = (await run.client.get(path)).headers["content-security-policy"]
        assert f"media-src 'self' {s3.endpoint_url};" in policy
        redirect = await run.client.get(f"{path}/video")
        assert (await browser.get(redirect.headers["location"])).content == VIDEO
        redirect = await run.get(f"/api/library/{job_id}/download")
        saved = await browser.get(redirect.headers["location"])
        assert saved.headers["content-disposition"].startswith("attachment; filename=")


async def test_a_stranger_learns_of_the_owner_only_what_the_key_of_the_file_says(
    run: Running, fal: FalStandIn
) -> None:
    owner = bearer("ada-1815", email="lovelace@example.org")
    job_id = await run.submitted(user="ada-1815", headers=owner, variables={"headline": "For Bob"})
    fal.complete(fal.newest, VIDEO)
    assert (await run.finished(job_id, user="ada-1815"))["status"] == "completed"
    link = (await share(run, job_id, user="ada-1815")).json()["shareUrl"]
    row = await stored_row(run, job_id)
    for name, key in (("video", row["video_key"]), ("poster", row["poster_key"])):
        answer = await run.client.get(f"{link}/{name}")
        address = urlsplit(answer.headers["location"])
        assert (address.path, set(parse_qs(address.query))) == (
            f"/media/{key}",
            {"expires", "signature"},
        )
        assert key.startswith("users/ada-1815/library/")
        file = await run.client.get(answer.headers["location"])
        learnt = f"{answer.headers} {answer.text} {file.headers}"
        for hidden in (job_id, "lovelace", "For Bob", row["fal_request_id"], "/start/"):
            assert hidden not in learnt


async def test_in_development_other_hosts_see_no_share(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"auth_jwt_secret": None}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        assert_problem(await client.get(f"/v/{'x' * 22}"), 403, "forbidden")


async def test_a_share_whose_answer_was_lost_is_found_by_the_next_request(
    settings: Settings, fal: FalStandIn
) -> None:
    lost: list[str] = []

    async def lose_the_first_answer(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        answer = await call()
        if name.startswith("db.share::") and name not in lost:
            lost.append(name)
            raise DatabaseUnavailable
        return answer

    async with running(settings, fal, seam=lose_the_first_answer) as run:
        job_id = await made(run, fal)
        assert_problem(await share(run, job_id), 503, "database_unavailable")
        (token,) = await run.rows("SELECT VALUE record::id(id) FROM share")
        assert await shared(run, job_id) == f"/v/{token}"
        assert_problem(await revoke(run, job_id), 503, "database_unavailable")
        assert (await revoke(run, job_id)).status_code == 204
        assert await run.rows("SELECT * FROM share") == []
