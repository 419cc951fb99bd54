"""The S3 client with the settings that R2 needs."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aioboto3
import certifi
from aiobotocore.config import AioConfig

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from types_aiobotocore_s3 import S3Client


def s3_client(
    endpoint_url: str, access_key_id: str, secret_access_key: str, region: str
) -> AbstractAsyncContextManager[S3Client]:
    """Open a client with its own connections; it sends nothing yet."""
    return aioboto3.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        verify=_trusted_certificates(),
        config=_config(),
    )


def _trusted_certificates() -> str:
    """Return the bundle that ``SSL_CERT_FILE`` or the system names, otherwise certifi's."""
    return ssl.get_default_verify_paths().cafile or certifi.where()


def _config() -> AioConfig:
    return AioConfig(
        signature_version="s3v4",
        # TLS protects the body. A signature of it would hash whole files on the event loop.
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=64,  # the audit asks as many questions at the same time
        retries={"mode": "standard", "total_max_attempts": 2},
        # Without a bundle here, aiobotocore 2.25 checks no certificate behind a proxy.
        proxies_config={"proxy_ca_bundle": _trusted_certificates()},
    )
