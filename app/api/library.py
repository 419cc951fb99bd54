"""The routes of the templates and of the user's library."""

import unicodedata
from http import HTTPStatus
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.api.json_body import Body, json_body
from app.api.paging import memory_for, page_request, split_page
from app.api.presentation import template_json, video_json
from app.api.service import NO_STORE, LifespanState, caller_of, service_of, video_id_of
from app.database.library_store import VideoFilter
from app.domain.video import LibraryVideo
from app.problems import InvalidQuery

MAX_TITLE = 200
"""Characters of a title, and of the text that is looked for in titles."""
_BOOLEANS = {"true": True, "false": False}


def _title(given: str) -> str:
    """Return a title without the white space around it; raises ValueError if it is none."""
    kinds = {unicodedata.category(character) for character in given}
    if kinds & {"Cc", "Cs", "Zl", "Zp"}:
        raise ValueError("A title has one line, no control characters and no halves of characters")
    title = given.strip()
    # Spaces, marks of direction and the like show nothing.
    if not any(kind[0] not in "ZC" for kind in kinds) or len(title) > MAX_TITLE:
        raise ValueError(f"A title has 1 to {MAX_TITLE} characters")
    return title


class VideoChange(Body):
    """What ``PATCH /api/library/{jobId}`` changes."""

    title: Annotated[str, AfterValidator(_title)] | None = None
    favourite: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        given = self.model_dump(exclude_unset=True)
        if not given or None in given.values():
            raise ValueError("Give a title, or true or false as favourite, or both")
        return self


async def templates(request: Request[LifespanState]) -> Response:
    """``GET /api/templates``."""
    service = service_of(request)
    catalogue, waits = await service.catalogue.all(), service.waits.known
    shapes = [template_json(template, waits.get(template.slug)) for template in catalogue]
    return JSONResponse({"templates": shapes})


async def library(request: Request[LifespanState]) -> Response:
    """``GET /api/library?limit=&cursor=&templateSlug=&q=&favourite=``."""
    service = service_of(request)
    caller = await caller_of(request)
    page, wanted = page_request(request.query_params), _wanted(request.query_params)
    public_url = service.settings.public_url
    async with memory_for(page.limit, request, owner=caller.user):
        found = await service.library.page(caller.user, page, wanted)
        videos, cursor = split_page(found, page, LibraryVideo.place)
        shapes = [await video_json(each, service.storage, public_url=public_url) for each in videos]
        return JSONResponse({"videos": shapes, "nextCursor": cursor}, headers=NO_STORE)


async def video(request: Request[LifespanState]) -> Response:
    """``GET /api/library/{jobId}``."""
    service = service_of(request)
    caller = await caller_of(request)
    async with memory_for(1, request, owner=caller.user):
        found = await service.library.video(video_id_of(request), caller.user)
        shape = await video_json(found, service.storage, public_url=service.settings.public_url)
        return JSONResponse(shape, headers=NO_STORE)


async def change(request: Request[LifespanState]) -> Response:
    """``PATCH /api/library/{jobId}``."""
    service = service_of(request)
    caller = await caller_of(request)
    wanted = await json_body(request, VideoChange)
    changed = await service.library.change(
        caller.user, video_id_of(request), title=wanted.title, favourite=wanted.favourite
    )
    shape = await video_json(changed, service.storage, public_url=service.settings.public_url)
    return JSONResponse(shape, headers=NO_STORE)


def _wanted(query: QueryParams) -> VideoFilter:
    favourite, text = query.get("favourite"), query.get("q", "").strip()
    if favourite is not None and favourite not in _BOOLEANS:
        raise InvalidQuery("favourite must be true or false.")
    if len(text) > MAX_TITLE:
        raise InvalidQuery(f"q must have at most {MAX_TITLE} characters.")
    return VideoFilter(
        template_slug=query.get("templateSlug"),
        title=text or None,
        favourite=None if favourite is None else _BOOLEANS[favourite],
    )


async def download(request: Request[LifespanState]) -> Response:
    """``GET /api/library/{jobId}/download``."""
    service = service_of(request)
    caller = await caller_of(request)
    found = await service.library.video(video_id_of(request), caller.user)
    address = await service.storage.url(found.key, download=True)
    return RedirectResponse(address, HTTPStatus.FOUND, headers=NO_STORE)
