"""Local fal under fal's own client, and what its tests wait for."""

import io
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from asyncstdlib import cached_property
from fal_client import AsyncClient, AsyncRequestHandle, FalClientHTTPError, InProgress
from fal_client.auth import AuthCredentials
from fal_client.client import AsyncCDNTokenManager, CDNToken, Status
from PIL import Image

from app.local_fal import open_local_fal

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"
QUICK, LONG = 0.25, 5


class _TokenManager(AsyncCDNTokenManager):
    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(AuthCredentials("Key", "local"))
        self._http = http

    async def _refresh_token(self) -> CDNToken:
        answer = (await self._http.post(self._url, headers=self._headers, json={})).json()
        return CDNToken(
            token=answer["token"],
            token_type=answer["token_type"],
            base_upload_url=answer["base_url"],
            expires_at=datetime.fromisoformat(answer["expires_at"]),
        )


class Client(AsyncClient):
    """fal's own client, connected to local fal instead of the network."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(key="local")
        self.http = http

    @cached_property
    async def _client(self) -> httpx.AsyncClient:
        return self.http

    @cached_property
    async def _token_manager(self) -> AsyncCDNTokenManager:
        return _TokenManager(self.http)

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        yield self.http

    async def animate(self, picture: bytes, **arguments: Any) -> AsyncRequestHandle:
        url = await self.upload(picture, "image/png", "start.png")
        return await self.submit(MODEL, {"image_url": url, **arguments})


@asynccontextmanager
async def opened(folder: Path, seconds: float = QUICK) -> AsyncIterator[Client]:
    async with (
        open_local_fal(folder, seconds=seconds) as transport,
        httpx.AsyncClient(transport=transport) as http,
    ):
        yield Client(http)


def picture(width: int = 640, height: int = 64, kind: str = "PNG") -> bytes:
    """Return an image file; its default size, a strip, is rendered quickly."""
    content = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(content, kind)
    return content.getvalue()


async def reached(handle: AsyncRequestHandle, kind: type[Status]) -> Status:
    """Wait until the request is in the state ``kind``."""
    async for status in handle.iter_events(with_logs=True, interval=0.01):
        if isinstance(status, kind):
            return status
    pytest.fail(f"never {kind.__name__}")


async def rendering(handle: AsyncRequestHandle) -> None:
    """Wait until the request is in the middle of its render."""
    async for status in handle.iter_events(with_logs=True, interval=0.01):
        if isinstance(status, InProgress) and len(status.logs or ()) > 1:
            return
    pytest.fail("never rendering")


async def refused(call: Awaitable[Any]) -> FalClientHTTPError:
    with pytest.raises(FalClientHTTPError) as caught:
        await call
    return caught.value
