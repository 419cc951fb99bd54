"""Requests to R2 over TLS, and the certificates that are trusted, also behind a proxy."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.errors import StorageUnavailable
from app.storage.r2 import R2Storage
from tests.support.s3 import put_video, write_file
from tests.support.sockets import raw_server, serve_on_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

BODY = b"<Result><UploadId>7</UploadId><ETag>e</ETag></Result>"
SUCCESS = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: %d\r\n\r\n%s' % (len(BODY), BODY)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and its self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "localhost.pem"
    path.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def long_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, the check fails by the refusal and not by the timeout."""
    monkeypatch.setattr("app.times.STORAGE_CHECK", 60)


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def storage_at(port: int, *, single_put_bytes: int = 1) -> AbstractAsyncContextManager[R2Storage]:
    return R2Storage.open(
        endpoint_url=f"https://localhost:{port}",
        bucket="videos",
        access_key_id="a",
        secret_access_key="s",
        single_put_bytes=single_put_bytes,
    )


@asynccontextmanager
async def proxy_to(port: int, seen: list[bytes]) -> AsyncIterator[str]:
    """A proxy that tunnels every connection to ``port``."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).split()[0])
        onward = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, onward[1]), pump(onward[0], writer))
        finally:
            onward[1].transport.abort()
            with suppress(OSError):
                await onward[1].wait_closed()

    async with serve_on_port(tunnel) as proxy_port:
        yield f"http://127.0.0.1:{proxy_port}"


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
