"""The routes of the templates and of the user's library."""

import base64
import binascii
import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.presentation import rfc3339, template_json, video_json
from app.api.service import NO_STORE, LifespanState, caller_of, service_of
from app.domain.video import LibraryVideo
from app.problems import InvalidQuery

MAX_PAGE = 100
DEFAULT_PAGE = 20


async def templates(request: Request[LifespanState]) -> Response:
    """``GET /api/templates``."""
    catalogue = await service_of(request).catalogue.all()
    return JSONResponse({"templates": [template_json(template) for template in catalogue]})


async def library(request: Request[LifespanState]) -> Response:
    """``GET /api/library?limit=&cursor=&templateSlug=``."""
    service = service_of(request)
    caller = await caller_of(request)
    limit = _limit(request.query_params.get("limit"))
    videos = await service.accounts.library(
        caller.user,
        template_slug=request.query_params.get("templateSlug"),
        limit=limit + 1,
        before=_parse_cursor(request.query_params.get("cursor")),
    )
    page = videos[:limit]
    shapes = [await video_json(video, service.storage) for video in page]
    cursor = _cursor(page[-1]) if len(videos) > limit else None
    return JSONResponse({"videos": shapes, "nextCursor": cursor}, headers=NO_STORE)


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_PAGE
    if not re.fullmatch(r"[0-9]{1,3}", given) or not 1 <= int(given) <= MAX_PAGE:
        raise InvalidQuery(f"limit must be from 1 to {MAX_PAGE}.")
    return int(given)


def _cursor(video: LibraryVideo) -> str:
    text = f"{rfc3339(video.created_at)} {video.job_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        time, _, job_id = text.partition(" ")
        at = datetime.fromisoformat(time)
    except (ValueError, binascii.Error) as error:
        raise InvalidQuery("cursor is not one that this service returned.") from error
    if at.tzinfo is None or not job_id:
        raise InvalidQuery("cursor is not one that this service returned.")
    return at, job_id
