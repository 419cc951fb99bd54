"""Requests to R2 over TLS, and the certificates that are trusted, also behind a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import StorageUnavailable
from app.storage.r2 import R2Storage
from tests.support.s3 import put_video, write_file
from tests.support.sockets import raw_server
from tests.support.tls import proxy_to, self_signed, server_side

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

BODY = b"<Result><UploadId>7</UploadId><ETag>e</ETag></Result>"
SUCCESS = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: %d\r\n\r\n%s' % (len(BODY), BODY)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
def long_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, the check fails by the refusal and not by the timeout."""
    monkeypatch.setattr("app.times.STORAGE_CHECK", 60)


def storage_at(port: int, *, single_put_bytes: int = 1) -> AbstractAsyncContextManager[R2Storage]:
    return R2Storage.open(
        endpoint_url=f"https://localhost:{port}",
        bucket="videos",
        access_key_id="a",
        secret_access_key="s",
        single_put_bytes=single_put_bytes,
    )


@pytest.mark.parametrize("single_put_bytes", [1, 1000])
async def test_neither_checksum_trailers_nor_acls_are_sent(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, single_put_bytes: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    source = write_file(tmp_path, b"content")
    async with (
        raw_server(SUCCESS, tls=server_side(certificate)) as server,
        storage_at(server.port, single_put_bytes=single_put_bytes) as storage,
    ):
        await put_video(storage, "users/u/library/x.mp4", source)
    sent = "".join(server.heads).lower()
    assert "if-none-match: *" in sent
    assert "x-amz-content-sha256: unsigned-payload" in sent
    assert f"x-amz-meta-sha256: {source.name}" in sent
    for refused in ("x-amz-checksum", "x-amz-sdk-checksum", "trailer", "chunked", "x-amz-acl"):
        assert refused not in sent


@pytest.mark.usefixtures("long_checks")
async def test_an_untrusted_certificate_is_refused(certificate: Path) -> None:
    async with (
        raw_server(SUCCESS, tls=server_side(certificate)) as server,
        storage_at(server.port) as storage,
    ):
        with pytest.raises(StorageUnavailable, match="SSLError"):
            await storage.check()
    assert server.heads == []


@pytest.mark.usefixtures("long_checks")
async def test_a_certificate_behind_a_proxy_is_checked_as_well(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with (
        raw_server(SUCCESS, tls=server_side(certificate)) as server,
        proxy_to(server.port, seen) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("https_proxy", proxy)
        async with storage_at(server.port) as storage:
            with pytest.raises(StorageUnavailable, match="SSLError"):
                await storage.check()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with storage_at(server.port) as storage:
            await storage.check()
    assert set(seen) == {b"CONNECT"}
    assert len(server.heads) == 1
