"""Uploads to fal's storage with fal-client: to the CDN, or to a bucket if the CDN fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import fal_client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import AsyncCDNTokenManager, CDNToken, UploadRepositoryId

from app.errors import FalAnswerLost, FalError, FalRefused, FalUnavailable

LONGEST_URL = 2000
"""Characters."""
LIFETIME = fal_client.StorageSettings(expires_in="1d")


class FalStorage(fal_client.AsyncClient):
    """fal-client's uploads over pooled connections; fal-client opens a new one for each upload."""

    def __init__(self, credentials: AuthCredentials, client: httpx.AsyncClient) -> None:
        super().__init__(key=credentials.token)
        self._pooled = client
        self._tokens = _Tokens(credentials, client)

    @property
    async def _client(self) -> httpx.AsyncClient:
        return self._pooled

    @property
    async def _token_manager(self) -> AsyncCDNTokenManager:
        return self._tokens

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        yield self._pooled

    def upload_host(self) -> str | None:
        """Return the address of the CDN; None before the first upload."""
        return self._tokens.upload_host

    async def store(self, data: bytes, content_type: str, file_name: str) -> str:
        """Store ``data`` for a day and return its URL; if both ways fail, report the CDN's error.

        Raises:
            FalRefused: fal answered 4xx.
            FalUnavailable: anything else.

        """
        try:
            return await self._store_in("fal_v3", data, content_type, file_name)
        except FalError as failure:
            try:
                return await self._store_in("fal", data, content_type, file_name)
            except FalError:
                raise failure from failure.__cause__

    async def _store_in(
        self, repository: UploadRepositoryId, data: bytes, content_type: str, file_name: str
    ) -> str:
        try:
            url: object = await self.upload(
                data,
                content_type,
                file_name,
                repository=repository,
                fallback_repository=repository,
                lifecycle=LIFETIME,
            )
        except FalAnswerLost as error:
            raise FalUnavailable("fal's storage does not answer") from error
        except FalRefused as error:
            if httpx.codes.is_client_error(error.status):
                raise
            raise FalUnavailable(str(error)) from error
        except (LookupError, TypeError, ValueError, RecursionError, httpx.InvalidURL) as error:
            raise FalUnavailable("the answer of fal's storage cannot be read") from error
        if not isinstance(url, str) or not 1 <= len(url) <= LONGEST_URL or not url.isprintable():
            raise FalUnavailable("fal's storage answered without a URL")
        return url


class _Tokens(AsyncCDNTokenManager):
    """fal-client's upload tokens over pooled connections."""

    def __init__(self, credentials: AuthCredentials, client: httpx.AsyncClient) -> None:
        super().__init__(credentials)
        self._pooled = client
        self.upload_host: str | None = None

    async def _refresh_token(self) -> CDNToken:
        response = await self._pooled.post(self._url, headers=self._headers, json={})
        answer = response.json()
        expires_at = datetime.fromisoformat(answer["expires_at"])
        self.upload_host = answer["base_url"]
        return CDNToken(
            token=answer["token"],
            token_type=answer["token_type"],
            base_upload_url=answer["base_url"],
            expires_at=expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC),
        )
