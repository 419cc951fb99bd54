"""Which fal the service uses."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.fal.opening import open_fal
from app.fal.queue import Fal
from app.settings import Settings
from app.telemetry.seam import direct
from tests.support.stand_ins.fal import FalStandIn

WARNING = "No FAL_KEY: videos are made by local fal, on this machine"


def settings_with(folder: Path, key: str | None) -> Settings:
    return Settings(
        _env_file=None, storage_dir=folder, fal_key=None if key is None else SecretStr(key)
    )


async def upload(fal: Fal) -> str:
    return await fal.upload(b"image", content_type="image/png", file_name="start.png")


async def test_without_a_key_local_fal_is_used_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_fal(settings_with(tmp_path, None), transport=None, seam=direct) as client:
        url = await upload(client)
        assert (await client.media.get(url)).content == b"image"
    assert client.media.is_closed
    assert caplog.record_tuples == [("app.fal.opening", logging.WARNING, WARNING)]
    assert (tmp_path / ".local-fal").is_dir()


async def test_a_given_transport_replaces_local_fal(
    tmp_path: Path, fal: FalStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_with(tmp_path, fal.key)
    async with open_fal(settings, transport=fal.transport, seam=direct) as client:
        assert await upload(client) in fal.uploads
    assert client.media.is_closed
    assert WARNING not in caplog.text
    assert not (tmp_path / ".local-fal").exists()


async def test_certificates_that_cannot_be_read_are_reported_with_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    opening = open_fal(settings_with(tmp_path, "id:secret"), transport=None, seam=direct)
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE or SSL_CERT_DIR cannot be used"):
        await opening.__aenter__()
