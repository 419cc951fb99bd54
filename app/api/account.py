"""The routes of the caller and of the caller's credits."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.paging import memory_for
from app.api.presentation import caller_json, statement_json
from app.api.service import NO_STORE, LifespanState, caller_of, identified, service_of
from app.database.account_store import LATEST
from app.domain.credits import CreditEntry
from app.templates.catalogue import Catalogue


async def me(request: Request[LifespanState]) -> Response:
    """``GET /api/me``."""
    return JSONResponse(caller_json(await identified(request)), headers=NO_STORE)


async def credits(request: Request[LifespanState]) -> Response:  # noqa: A001 the route's name
    """``GET /api/credits``."""
    service = service_of(request)
    caller = await caller_of(request)
    async with memory_for(LATEST, request, owner=caller.user):
        statement = await service.accounts.credits(caller.user)
        entries = [await _titled(entry, service.catalogue) for entry in statement.entries]
        shape = statement_json(replace(statement, entries=tuple(entries)))
        return JSONResponse(shape, headers=NO_STORE)


async def _titled(entry: CreditEntry, catalogue: Catalogue) -> CreditEntry:
    """Give the title of its template to an entry whose job has no video."""
    if entry.title or not entry.template_slug:
        return entry
    return replace(entry, title=await catalogue.title(entry.template_slug))
