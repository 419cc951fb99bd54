"""The routes of the templates and of the user's library."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.api.paging import page_request, split_page
from app.api.presentation import template_json, video_json
from app.api.service import NO_STORE, LifespanState, caller_of, service_of, video_id_of
from app.domain.video import LibraryVideo


async def templates(request: Request[LifespanState]) -> Response:
    """``GET /api/templates``."""
    catalogue = await service_of(request).catalogue.all()
    return JSONResponse({"templates": [template_json(template) for template in catalogue]})


async def library(request: Request[LifespanState]) -> Response:
    """``GET /api/library?limit=&cursor=&templateSlug=``."""
    service = service_of(request)
    caller = await caller_of(request)
    page = page_request(request.query_params)
    found = await service.library.page(
        caller.user, page, template_slug=request.query_params.get("templateSlug")
    )
    videos, cursor = split_page(found, page, LibraryVideo.place)
    public_url = service.settings.public_url
    shapes = [await video_json(video, service.storage, public_url=public_url) for video in videos]
    return JSONResponse({"videos": shapes, "nextCursor": cursor}, headers=NO_STORE)


async def download(request: Request[LifespanState]) -> Response:
    """``GET /api/library/{jobId}/download``."""
    service = service_of(request)
    caller = await caller_of(request)
    video = await service.library.video(video_id_of(request), caller.user)
    address = await service.storage.url(video.key, download=True)
    return RedirectResponse(address, HTTPStatus.FOUND, headers=NO_STORE)
