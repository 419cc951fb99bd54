"""The routes of the templates and of the user's library."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.paging import page_request, split_page
from app.api.presentation import template_json, video_json
from app.api.service import NO_STORE, LifespanState, caller_of, service_of
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
    shapes = [await video_json(video, service.storage) for video in videos]
    return JSONResponse({"videos": shapes, "nextCursor": cursor}, headers=NO_STORE)
