"""Pages of a table, newest first, as parts of a query.

A page is a query and not a function of the database: inside a function, SurrealDB 3.2 reads every
matching row before it sorts, while a query of its own stops at its LIMIT.
"""

from datetime import UTC, datetime
from typing import Any

from app.domain.page import PageRequest

AFTER = "created_at <= $until AND (created_at < $until OR id < type::record($table, $last))"
"""The condition: rows after the last one of the previous page."""
NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT $limit"

_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


def page_variables(table: str, page: PageRequest) -> dict[str, Any]:
    """Return the variables of the query: it returns one row more than the page has."""
    return {
        "table": table,
        "limit": page.limit + 1,
        "until": page.after.time if page.after else _END_OF_TIME,
        "last": page.after.id if page.after else "-",
    }
