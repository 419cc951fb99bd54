"""Searching a library by title, and listing its favourites."""

import asyncio

import pytest

from app.database import library_store
from tests.support.refusals import assert_problem
from tests.support.service import Running

pytestmark = pytest.mark.unaudited  # the rows have no jobs

AT = "d'2025-10-08T10:00:00.123456Z'"


async def add(
    run: Running, *titles: str, user: str = "ada", favourite: str = "NONE", slug: str = "slug"
) -> None:
    """Add videos named by their titles; the first is the newest."""
    for age, title in enumerate(titles):
        await run.rows(
            "CREATE type::record('library_video', $id) SET user = $user, key = $id, "
            "title = $title, template_slug = $slug, bytes = 1, duration_seconds = 1.0, "
            f"width = 1, height = 1, favourite = {favourite}, created_at = {AT} - {age}s",
            id=f"{user} {title}".encode().hex(),
            user=user,
            title=title,
            slug=slug,
        )


async def found(run: Running, *, user: str = "ada", **query: object) -> list[str]:
    return [video["title"] for video in (await run.library(user=user, **query))["videos"]]


@pytest.mark.parametrize(
    ("title", "q"),
    [
        ("Night life roller", "LIFE"),
        ("NIGHT", "night"),
        ("Night life roller", "t l"),
        ("Night life roller", " roller "),
        ("Grüße aus Köln", "KÖLN"),
        ("ÄRGER", "ärger"),
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("Straße", "ß"),
        ("ΟΔΟΣ", "οδος"),
        ("οδοσ", "ΟΔΟΣ"),
        ("Привет, Мир", "мир"),
        ("İstanbul", "İSTANBUL"),
        ("50 % off", "% o"),
        ("a.b*c", "B*C"),
        ('it\'s "quoted"', "'S \"Q"),
        ("夜の街", "の"),
    ],
)
async def test_a_part_of_a_title_is_found_in_upper_and_lower_case(
    run: Running, title: str, q: str
) -> None:
    await add(run, "Something else", title)
    assert await found(run, q=q) == [title]


async def test_a_text_that_no_title_has_finds_nothing(run: Running) -> None:
    await add(run, "Night life roller", "abc")
    for q in ("zebra", "a.c", "nightlife", "_____", ".*", "Night life roller."):
        assert await found(run, q=q) == []


async def test_an_empty_text_is_in_every_title(run: Running) -> None:
    await add(run, "a", "b")
    assert await found(run, q="") == await found(run, q="  ") == ["a", "b"]


async def test_favourites_and_the_others_are_listed_apart(run: Running) -> None:
    await add(run, "yes", favourite="true")
    await add(run, "no", favourite="false")
    await add(run, "never asked")
    assert await found(run, favourite="true") == ["yes"]
    assert sorted(await found(run, favourite="false")) == ["never asked", "no"]
    assert len(await found(run)) == 3


async def test_all_filters_hold_together(run: Running) -> None:
    for slug in ("one", "two"):
        for favourite in ("true", "false"):
            for title in ("Night", "Day"):
                await add(run, f"{title} {slug} {favourite}", favourite=favourite, slug=slug)
    assert await found(run, q="NIGHT", favourite="true", templateSlug="two") == ["Night two true"]
    assert len(await found(run, q="night", templateSlug="one")) == 2
    assert len(await found(run, favourite="false", templateSlug="one")) == 2
    assert await found(run, q="night", templateSlug="three") == []


@pytest.mark.parametrize("step", ["0s", "1us"])
async def test_pages_of_a_search_list_every_video_once_newest_first(
    run: Running, step: str
) -> None:
    for number in range(9):
        await run.rows(
            f"CREATE library_video:job{number} SET user = 'ada', key = 'k', title = 'Title', "
            "template_slug = 'slug', bytes = 1, duration_seconds = 1.0, width = 1, height = 1, "
            f"favourite = {'true' if number % 2 else 'NONE'}, "
            f"created_at = {AT} + {'+'.join([step] * (number + 1))}"
        )
    for query, expected in (
        ({"q": "TITLE"}, range(9)),
        ({"favourite": "true"}, range(1, 9, 2)),
        ({"favourite": "false"}, range(0, 9, 2)),
    ):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await run.library(limit=2, **query, **cursor)
            seen += [video["jobId"] for video in page["videos"]]
            if page["nextCursor"] is None:
                break
            cursor = {"cursor": page["nextCursor"]}
        names = [f"job{number}" for number in expected]
        assert sorted(seen) == names
        assert step == "0s" or seen == names[::-1]


async def test_a_search_finds_what_changed_since_and_nothing_deleted(run: Running) -> None:
    await add(run, "before", "gone")
    assert await found(run, q="before") == ["before"]
    await run.rows("UPDATE library_video SET title = 'After' WHERE title = 'before'")
    await run.rows("UPDATE library_video SET deleted_at = time::now() WHERE title = 'gone'")
    await add(run, "new before")
    assert await found(run, q="before") == ["new before"]
    assert await found(run, q="AFTER") == ["After"]
    assert await found(run, q="gone") == []
    await run.rows("DELETE library_video WHERE title = 'After'")
    assert await found(run, q="after") == []


async def test_other_users_videos_are_never_found(run: Running) -> None:
    await add(run, "shared title", user="eve")
    await add(run, "shared title", user="ad")
    await add(run, "shared title", user="ada2")
    assert await found(run, q="shared") == await found(run, favourite="false") == []
    assert await found(run, user="eve", q="shared") == ["shared title"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 500])
async def test_videos_from_before_the_search_are_found_also_by_concurrent_first_searches(
    run: Running, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(library_store, "ADDED_AT_ONCE", at_once)
    await add(run, "old", "older")
    await add(run, "deleted")
    await run.rows("UPDATE library_video SET deleted_at = time::now() WHERE title = 'deleted'")
    await run.rows("DELETE library_search")
    searches = await asyncio.gather(*(found(run, q="o") for _ in range(10)))
    assert searches == [["old", "older"]] * 10
    await run.wait_for_background()
    assert await run.rows("RETURN count(SELECT id FROM library_search)") == 3
    assert await found(run, q="deleted") == []


@pytest.mark.parametrize(
    "query",
    [
        {"favourite": ""},
        {"favourite": "1"},
        {"favourite": "True"},
        {"favourite": "yes"},
        {"q": "x" * 201},
        {"q": "x", "limit": "0"},
    ],
)
async def test_an_invalid_search_is_refused(run: Running, query: dict[str, str]) -> None:
    assert_problem(await run.get("/api/library", **query), 400, "invalid_query")


async def test_a_search_reads_no_more_rows_than_the_page_has(run: Running) -> None:
    """The engine stops at the LIMIT, and it checks the titles before it decodes a row."""
    await add(run, *(f"title {number}" for number in range(30)))
    (plan,) = await run.service.database.run_script(
        "SELECT VALUE id FROM (type::record('library_search', ['ada']>..['ada', 0])) "
        "WHERE title CONTAINS 'title' LIMIT 5 EXPLAIN FULL"
    )
    scan = plan["result"]
    while scan["operator"] != "DynamicScan":
        (scan,) = scan["children"]
    assert scan["metrics"]["output_rows"] == 5
    assert scan["attributes"]["limit"] == "5"
    assert not scan["attributes"]["pre_decode_filter"].startswith("no")
