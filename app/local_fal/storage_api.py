"""fal's storage and CDN: the answers of ``rest.fal.ai`` and ``v3.fal.media`` to fal-client."""

import asyncio
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from app.local_fal import disk
from app.local_fal.media import BASE_URL, Media, content_type_of, url_of

TOKEN_LIFETIME = timedelta(hours=1)


class StorageAPI:
    """Tokens, both of fal-client's ways to upload, and downloads."""

    def __init__(self, media: Media) -> None:
        self._media = media

    async def token(self, _request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "token": "local",
                "token_type": "Bearer",
                "base_url": BASE_URL,
                "expires_at": (datetime.now(UTC) + TOKEN_LIFETIME).isoformat(),
            }
        )

    async def upload(self, request: Request) -> JSONResponse:
        path = self._media.reserve(request.headers.get("content-type", ""))
        await asyncio.to_thread(_write, path, await request.body())
        return JSONResponse({"access_url": url_of(path)})

    async def initiate(self, request: Request) -> JSONResponse:
        """Name a file for a PUT to fill; fal-client does this when ``upload`` fails."""
        try:
            content_type = (await request.json())["content_type"]
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise HTTPException(422, "content_type is required") from error
        url = url_of(self._media.reserve(str(content_type)))
        return JSONResponse({"upload_url": url, "file_url": url})

    async def fill(self, request: Request) -> Response:
        path = self._media.path_of(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        await asyncio.to_thread(_write, path, await request.body())
        return Response()

    async def download(self, request: Request) -> FileResponse:
        path = self._media.find(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=content_type_of(path))


def _write(path: Path, content: bytes) -> None:
    with disk.replacing(path) as part:
        part.write_bytes(content)
