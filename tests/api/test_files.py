"""Files of the local storage over HTTP."""

from urllib.parse import urljoin

import pytest

from app.settings import Settings
from tests.support.refusals import assert_problem
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    "path",
    [
        "/media/users/ada/library/x.mp4",
        "/media/users/ada/library/x.mp4?expires=99999999999&signature=00",
        "/media/../.signing-key",
        "/media/.signing-key?expires=99999999999&signature=00",
    ],
)
async def test_file_without_a_valid_signature_is_not_found(run: Running, path: str) -> None:
    assert_problem(await run.client.get(path), 404, "not_found")


async def test_every_address_holds_under_the_path_of_the_public_url(
    settings: Settings, fal: FalStandIn
) -> None:
    public = "https://app.example.com/animate"
    async with running(settings.model_copy(update={"public_url": public}), fal) as run:

        def within(url: str) -> str:
            """Return what the proxy passes on."""
            assert url.startswith(f"{public}/")
            return url.removeprefix(public)

        accepted = await run.submit()
        polled = urljoin(f"{public}{SUBMIT}", accepted.headers["location"])
        assert polled == f"{public}{SUBMIT}/status?jobId={accepted.json()['jobId']}"
        called = within(str(fal.requests[fal.newest].webhook_url))
        assert called.startswith("/api/webhooks/fal?jobId=")
        fal.complete(fal.newest, small_video())
        done = await run.finished(accepted.json()["jobId"])
        for url in (done["url"], done["posterUrl"]):
            assert (await run.client.get(within(url))).status_code == 200
