"""Pages of a table, newest first.

A page is a query and not a function of the database: inside a function, SurrealDB 3.2 reads every
matching row before it sorts, while a query of its own stops at its LIMIT.
"""

from datetime import UTC, datetime
from typing import Any

from app.database.client import Database
from app.domain.page import PageRequest

# SurrealDB 3.2 orders an index of times by their texts: 10:00:00Z comes after 10:00:00.5Z. So the
# order is that of whole seconds: more rows are read, and all of one second are sorted together. The
# nanosecond in the bound is its text's: it keeps out the next second, whose rows the LIMIT would
# count. The row where the previous page ended knows its nanoseconds, which no cursor carries.
NEWEST = """
  created_at < time::from_unix(time::unix($end) + 1) + 1ns ORDER BY created_at DESC LIMIT $most"""
"""The end of a query for the newest rows before the place where a page begins."""
_EXACT = """{{
LET $end = (SELECT VALUE created_at FROM type::record($table, $last)
  WHERE created_at >= $until AND created_at < $until + 1us)[0] ?? $until;
LET $near = {near};
LET $since = IF $window = NONE {{ d'0000-12-31T23:59:59Z' }} ELSE {{
  array::min([$end, time::now(), $near[0] ?? $end]) - duration::from_secs($window)
}};
LET $read = SELECT id, created_at FROM {rows_of} WHERE {condition} {newest};
LET $is_cut = array::len($read) >= $most;
LET $whole_since = time::from_unix(
  time::unix(IF $is_cut {{ array::last($read).created_at }} ELSE {{ $since }}) + 1);
LET $rows = $read[WHERE created_at >= $whole_since
  AND (created_at < $end OR (created_at = $end AND id < type::record($table, $last)))];
IF ($is_cut OR $window != NONE) AND array::len($rows) < $limit {{ RETURN NONE }};
LET $ids = (SELECT * FROM $rows ORDER BY created_at DESC, id DESC LIMIT $limit).id;
RETURN $ids.map(|$id: record| {row})
}}"""
_MORE_ROWS = (100, 10_000, 1_000_000)
"""Read beyond the page, in case that so many are of one second."""
# Of an index on created_at alone, SurrealDB reads 1,000 rows at a time, whatever the LIMIT. It
# heeds both bounds of such a scan, unlike those of a longer index.
_WINDOWS = (600, 14_400)
"""Seconds: how far back from ``near`` rows are looked for first, if all of a table are listed."""

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


def page_variables(table: str, page: PageRequest) -> dict[str, Any]:
    """Return the variables of the query: it returns one row more than the page has."""
    return {
        "table": table,
        "limit": page.limit + 1,
        "until": page.after.time if page.after else END_OF_TIME,
        "last": page.after.id if page.after else "-",
    }


async def exact_page(
    database: Database,
    table: str,
    page: PageRequest,
    *,
    rows_of: str | None = None,
    condition: str = "",
    row: str = "(SELECT * FROM ONLY $id)",
    near: str = "[]",
    **variables: Any,
) -> list[dict[str, Any]]:
    """Return the rows of a page, and one more: no row is left out or repeated, whatever its time.

    ``condition`` is empty or ends with AND; ``row`` is what is returned for each ``$id``. Needs an
    index on created_at, behind what the condition compares; or ``rows_of``, a query for the ids and
    times of rows of the table, the ``NEWEST`` of them at least. ``near`` is a quick query for
    the time of a row before ``$end``, near the newest such row if possible.
    """
    variables |= page_variables(table, page)
    windows = () if condition or rows_of else _WINDOWS
    attempts = [(window, _MORE_ROWS[0]) for window in windows]
    for window, more in attempts + [(None, more) for more in _MORE_ROWS]:
        lower = "created_at > $since AND" if window else ""
        statement = _EXACT.format(
            rows_of=rows_of or table,
            condition=f"{condition} {lower}",
            row=row,
            near=near if window else "[]",
            newest=NEWEST,
        )
        rows: list[dict[str, Any]] | None = await database.query(
            statement, most=page.limit + more, window=window, **variables
        )
        if rows is not None:
            return rows
    raise AssertionError("a million jobs cannot be made in one second")
