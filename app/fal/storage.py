"""fal's storage, by fal-client's own ways into it: the CDN, and a bucket behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import fal_client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import AsyncCDNTokenManager, CDNToken, UploadRepositoryId

from app.errors import FalAnswerLost, FalError, FalRefused, FalUnavailable

LONGEST_URL = 2000
LIFETIME = fal_client.StorageSettings(expires_in="1d")


class FalStorage(fal_client.AsyncClient):
    """fal-client's uploads, over lasting connections instead of new ones for each."""

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

    async def keep(self, data: bytes, content_type: str, file_name: str) -> str:
        """Store ``data`` on fal's CDN, or where that fails in the storage behind it."""
        try:
            return await self._keep_in("fal_v3", data, content_type, file_name)
        except FalError as failure:
            try:
                return await self._keep_in("fal", data, content_type, file_name)
            except FalError:
                raise failure from failure.__cause__

    async def _keep_in(
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
            raise FalUnavailable("fal's storage makes no sense") from error
        if not isinstance(url, str) or not 1 <= len(url) <= LONGEST_URL or not url.isprintable():
            raise FalUnavailable("fal's storage named no address")
        return url


class _Tokens(AsyncCDNTokenManager):
    """fal-client's upload tokens, over lasting connections."""

    def __init__(self, credentials: AuthCredentials, client: httpx.AsyncClient) -> None:
        super().__init__(credentials)
        self._pooled = client

    async def _refresh_token(self) -> CDNToken:
        response = await self._pooled.post(self._url, headers=self._headers, json={})
        answer = response.json()
        expires_at = datetime.fromisoformat(answer["expires_at"])
        return CDNToken(
            token=answer["token"],
            token_type=answer["token_type"],
            base_upload_url=answer["base_url"],
            expires_at=expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC),
        )
