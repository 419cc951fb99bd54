"""Pages of a user with 10,000 videos, and of one with 100, in the same large database."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from time import perf_counter

import httpx

from scripts.bench.figure import Figure, Goal
from scripts.bench.filled_database import FilledDatabase
from scripts.bench.rounds import Rounds, alternate
from tests.support.tokens import bearer

MANY, FEW = "many", "few"
JOBS_OF = {MANY: 11_666, FEW: 116}
"""Six of seven are completed: the users have exactly 10,000 and 100 videos."""
ROUNDS, CALLS = 4, 15
GOAL = Goal("≤", 3)
RARE = "Zebra crossing"
# The oldest videos: a page has to look past all others.
MARK = """UPDATE (SELECT VALUE id FROM library_video
  WHERE user = $user ORDER BY created_at LIMIT $number) SET {changes} RETURN NONE"""
# What a search does, see app/database/library_store.py; the plan says what it reads.
READ = """SELECT VALUE id FROM (type::record('library_search', [$user]>..[$user, 0]))
  WHERE {condition} LIMIT 21 EXPLAIN FULL"""
CONDITIONS = ("title CONTAINS 'life'", "title CONTAINS 'zebra'", "favourite = true")
REQUESTS = {
    "a library page": ("/api/library", {}),
    "… of a template": ("/api/library", {"templateSlug": "night-life-roller"}),
    "… searched for a text in every title": ("/api/library", {"q": "LIFE"}),
    "… searched for a text in the title of the oldest": ("/api/library", {"q": "zebra"}),
    "… searched for a text in no title": ("/api/library", {"q": "quagga"}),
    "… of favourites, the 5 oldest": ("/api/library", {"favourite": "true"}),
    "… of all but favourites": ("/api/library", {"favourite": "false"}),
    "a page of jobs": ("/api/jobs", {}),
    "… that failed": ("/api/jobs", {"status": "failed"}),
    "… that are pending: none": ("/api/jobs", {"status": "pending"}),
}


def prepare(database: FilledDatabase) -> None:
    """Name and mark the oldest videos of both users, and print what a search reads."""
    for name in JOBS_OF:
        for number, changes in ((5, "favourite = true"), (1, f"title = {json.dumps(RARE)}")):
            statement = MARK.format(changes=changes)
            database.query(statement, user=f"{name}-0", number=number)
    _print_plans(database)


def pages(url: str) -> Iterator[Figure]:
    """Compare the pages of both users."""
    with ExitStack() as stack:
        many, few = (
            stack.enter_context(httpx.Client(base_url=url, headers=bearer(f"{name}-0"), timeout=30))
            for name in (MANY, FEW)
        )
        yield _first_search(many, few)
        for what, (path, query) in REQUESTS.items():
            yield _compared(what, many, few, path, query)


def _print_plans(database: FilledDatabase) -> None:
    """Print how many rows each search decodes, with which limit, and how long it takes."""
    for condition in CONDITIONS:
        scan = database.query(READ.format(condition=condition), user=f"{MANY}-0")
        while "children" in scan:
            (scan,) = scan["children"]
        filtered = scan["attributes"]["pre_decode_filter"]
        rows, spent = scan["metrics"]["output_rows"], scan["metrics"]["elapsed_ns"] / 1e6
        print(
            f"{condition}: {scan['operator']}, limit {scan['attributes']['limit']}, {rows} rows of "
            f"10,000 decoded (filter before: {filtered}) in {spent:.1f} ms",
            file=sys.stderr,
        )


def _first_search(many: httpx.Client, few: httpx.Client) -> Figure:
    """Time the search that finds out that the videos of before are in the table, or adds them."""
    ours, base = (_seconds(client, "/api/library", {"q": "zebra"}) for client in (many, few))
    return Figure(
        what="the first search of a user",
        measured=f"{ours * 1000:.0f} ms with 10,000 videos",
        beside=f"{base * 1000:.0f} ms with 100",
        values=[ours / base],
    )


def _compared(
    what: str, many: httpx.Client, few: httpx.Client, path: str, query: dict[str, str]
) -> Figure:
    found = [_found(client, path, query) for client in (many, few)]
    ours, base = (partial(_seconds, client, path, query) for client in (many, few))
    turns = [alternate(CALLS, ours, base) for _ in range(ROUNDS)]
    rounds = Rounds([each.median for each in turns], [each.baseline_median for each in turns])
    return Figure(
        what=f"{what}, p50",
        measured=f"{rounds.median * 1000:.1f} ms with 10,000 videos ({found[0]} rows)",
        beside=f"{rounds.baseline_median * 1000:.1f} ms with 100 ({found[1]} rows)",
        values=rounds.ratios,
        goal=GOAL,
    )


def _found(client: httpx.Client, path: str, query: dict[str, str]) -> int:
    """Return how many rows the page has; the call connects, too."""
    rows: Sequence[object] = next(iter(_get(client, path, query).json().values()))
    return len(rows)


def _seconds(client: httpx.Client, path: str, query: dict[str, str]) -> float:
    began = perf_counter()
    _get(client, path, query)
    return perf_counter() - began


def _get(client: httpx.Client, path: str, query: dict[str, str]) -> httpx.Response:
    """Get a page; a busy machine's database may need several tries."""
    while (answer := client.get(path, params=query)).status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        print(f"{path} {query}: {answer.text}", file=sys.stderr)
    return answer.raise_for_status()
