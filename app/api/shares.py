"""Sharing a video by link: the owner's routes, and what everyone sees who has the link.

Nothing here is kept by a cache, so a revoked link stops working at once. Only an address of the
storage that was handed out before still works until it expires.
"""

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from app.api.paging import memory_for
from app.api.presentation import share_json
from app.api.routing import route
from app.api.service import NO_STORE, LifespanState, caller_of, service_of, video_id_of
from app.api.share_page import SharePage
from app.domain.video import LibraryVideo
from app.problems import VideoNotFound
from app.settings import Settings

NO_INDEX = {**NO_STORE, "X-Robots-Tag": "noindex"}

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
"""As ``app/database/share_store.py`` makes them; no other text is looked up."""


def share_routes(settings: Settings) -> list[BaseRoute]:
    """Return the routes of sharing."""
    page = SharePage(settings)

    async def shown(request: Request[LifespanState]) -> Response:
        """``GET /v/{token}``: browsers get a page in any case, programs get problems."""
        headers = {**NO_INDEX, **page.headers}
        try:
            video = await _shared_video(request)
        except VideoNotFound:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return HTMLResponse(page.gone(), HTTPStatus.NOT_FOUND, headers)
        return HTMLResponse(page.of(video), headers=headers)

    return [
        route("/api/library/{jobId}/share", POST=_share, DELETE=_revoke),
        route("/v/{token}", GET=shown),
        route("/v/{token}/video", GET=_video),
        route("/v/{token}/poster", GET=_poster),
    ]


async def _share(request: Request[LifespanState]) -> Response:
    """``POST /api/library/{jobId}/share``."""
    service = service_of(request)
    caller = await caller_of(request)
    token = await service.shares.share(video_id_of(request), caller.user)
    return JSONResponse(share_json(token, service.settings.public_url), headers=NO_STORE)


async def _revoke(request: Request[LifespanState]) -> Response:
    """``DELETE /api/library/{jobId}/share``."""
    service = service_of(request)
    caller = await caller_of(request)
    await service.shares.revoke(video_id_of(request), caller.user)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)


async def _video(request: Request[LifespanState]) -> Response:
    """``GET /v/{token}/video``."""
    return await _redirect(request, (await _shared_video(request)).key)


async def _poster(request: Request[LifespanState]) -> Response:
    """``GET /v/{token}/poster``."""
    return await _redirect(request, (await _shared_video(request)).poster_key)


async def _shared_video(request: Request[LifespanState]) -> LibraryVideo:
    token: str = request.path_params["token"]
    if not _TOKEN.fullmatch(token):
        raise not_shared()
    try:
        async with memory_for(1, request, owner=""):
            return await service_of(request).shares.video(token)
    except VideoNotFound as error:
        raise not_shared() from error


async def _redirect(request: Request[LifespanState], key: str | None) -> Response:
    if key is None:  # the replaced stack made no posters
        raise not_shared()
    address = await service_of(request).storage.url(key)
    return RedirectResponse(address, HTTPStatus.FOUND, headers=NO_INDEX)


def not_shared() -> VideoNotFound:
    """Return the problem for visitors whose link leads to no video."""
    return VideoNotFound("There is no such video, or it is no longer shared.")
