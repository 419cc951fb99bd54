"""Pages of a list: ``?limit=&cursor=`` and ``nextCursor``."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request

from app.api.presentation import rfc3339
from app.api.service import LifespanState, service_of
from app.domain.page import PageRequest, Place
from app.problems import InvalidQuery

MAX_PAGE = 100
DEFAULT_PAGE = 20
MAX_CURSOR = 400
"""Characters; the longest job id makes fewer."""
QUERY_BYTES, ROW_BYTES = 128 * 1024, 8 * 1024
"""Memory for one call to the database, and for one row from its answer to the JSON."""
PAGE_WAIT = 0.15
"""Seconds that a page waits for memory: a user may open many tabs at once."""

T = TypeVar("T")


def page_request(query: QueryParams) -> PageRequest:
    """Return which page the query asks for; raises InvalidQuery if it asks for none."""
    return PageRequest(limit=_limit(query.get("limit")), after=_place(query.get("cursor")))


def memory_for(
    rows: int, request: Request[LifespanState], *, owner: str
) -> AbstractAsyncContextManager[None]:
    """Return a context in which rows have memory; entering it may raise TooBusy.

    ``owner`` is a user, or empty for all who have no token.
    """
    memory = service_of(request).memory.pages
    return memory.hold(QUERY_BYTES + rows * ROW_BYTES, owner, patience=PAGE_WAIT)


def split_page(
    rows: Sequence[T], page: PageRequest, place_of: Callable[[T], Place]
) -> tuple[Sequence[T], str | None]:
    """Return the rows of the page, and the cursor of the next one, or None at the end.

    ``rows`` has one row more than the page if there is a next page.
    """
    shown = rows[: page.limit]
    return shown, _cursor(place_of(shown[-1])) if len(rows) > page.limit else None


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_PAGE
    if not re.fullmatch(r"[0-9]{1,3}", given) or not 1 <= int(given) <= MAX_PAGE:
        raise InvalidQuery(f"limit must be from 1 to {MAX_PAGE}.")
    return int(given)


def _cursor(place: Place) -> str:
    text = f"{rfc3339(place.time)} {place.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    wrong = InvalidQuery("cursor is not one that this service returned.")
    if len(cursor) > MAX_CURSOR:
        raise wrong
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        time, _, row_id = text.partition(" ")
        at = datetime.fromisoformat(time)
    except (ValueError, binascii.Error) as error:
        raise wrong from error
    if at.tzinfo is None or not row_id:
        raise wrong
    return Place(time=at, id=row_id)
