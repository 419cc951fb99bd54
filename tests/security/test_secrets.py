"""No object of the service and no traceback shows a secret."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api.identity import SharedSecret
from app.database.address import Address
from app.database.client import Database
from app.settings import Settings
from tests.support.leaks import found_in
from tests.support.s3 import BUCKET, SECRET_ACCESS_KEY
from tests.support.seams import FailingSeam
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import ROOT_PASSWORD, bearer


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    """Settings in which every secret is set."""
    return settings_for(
        store_url,
        tmp_path / "storage",
        fal_key=FalStandIn.key,
        surreal_user="root",
        surreal_password=ROOT_PASSWORD,
        r2_endpoint_url="http://127.0.0.1:9",
        r2_bucket=BUCKET,
        r2_access_key_id="an-access-key",
        r2_secret_access_key=SECRET_ACCESS_KEY,
    )


def parts(thing: object, seen: dict[int, object]) -> Iterator[object]:
    """Yield every object of the service that is reachable from ``thing``, and its values."""
    if id(thing) in seen or isinstance(thing, str):
        return
    seen[id(thing)] = thing
    yield thing
    if isinstance(thing, (list, tuple, set, frozenset)):
        held = list(thing)
    elif isinstance(thing, dict):
        held = list(thing.values())
    elif type(thing).__module__.startswith("app."):
        held = list(getattr(thing, "__dict__", {}).values())
    else:
        return
    for each in held:
        yield from parts(each, seen)


async def test_no_object_shows_a_secret_in_its_repr_or_str(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings, fal) as run:
        assert (await run.client.get("/api/credits", headers=bearer())).status_code == 200
        found = list(parts(run.service, {}))
        assert {Settings, Address, Database, SharedSecret} <= {type(part) for part in found}
        own = [part for part in found if type(part).__module__.startswith("app.")]
        showing = {type(part).__qualname__: found_in(f"{part!r}\n{part}") for part in own}
    assert {name: shown for name, shown in showing.items() if shown} == {}


def test_settings_show_no_secret_in_any_shape(settings: Settings) -> None:
    shapes = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    assert [found_in(shape) for shape in shapes] == [[]] * 4


@pytest.mark.unaudited
@pytest.mark.parametrize(
    "name",
    ["fal.upload", "fal.submit", "fal.result", "media.download", "storage.put"],
)
async def test_tracebacks_of_unexpected_errors_show_no_secret(
    store_url: str,
    tmp_path: Path,
    fal: FalStandIn,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    seam = FailingSeam(ZeroDivisionError(f"in {name}"), name)
    given = settings_for(store_url, tmp_path / "storage", fal_key=FalStandIn.key)
    caplog.set_level(logging.DEBUG)
    async with running(given, fal, seam=seam) as run:
        await _go_through_a_job(run, fal)
    assert f"ZeroDivisionError: in {name}" in caplog.text
    assert "Traceback" in caplog.text
    assert found_in(caplog.text) == []


async def _go_through_a_job(run: Running, fal: FalStandIn) -> None:
    answer = await run.submit()
    if answer.status_code == 202 and fal.count("submit"):
        fal.complete(fal.newest, small_video())
        await run.get("/api/templates/video/status", jobId=answer.json()["jobId"])
        await run.wait_for_background()
