import asyncio
from dataclasses import dataclass

import pytest

from app.problems import DatabaseUnavailable, TemplateNotFound
from app.templates.catalogue import LIFETIME, RETRY_INTERVAL, Catalogue
from app.templates.template import Template
from tests.support.templates import template


@dataclass
class Table:
    """The templates of a database that can be away."""

    titles: tuple[str, ...] = ("First title",)
    away: bool = False
    queries: int = 0
    now: float = 0.0

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(self.load, clock=lambda: self.now)

    async def load(self) -> list[Template]:
        self.queries += 1
        await asyncio.sleep(0)
        if self.away:
            raise DatabaseUnavailable
        return [
            template(slug=title.lower().replace(" ", "-"), title=title) for title in self.titles
        ]


async def test_200_requests_on_a_cold_catalogue_make_one_query() -> None:
    table = Table()
    answers = await asyncio.gather(*(table.catalogue.get("first-title") for _ in range(200)))
    assert {each.title for each in answers} == {"First title"}
    assert table.queries == 1


async def test_200_requests_while_the_database_is_away_make_one_query() -> None:
    table = Table(away=True)
    tries = [table.catalogue.all() for _ in range(200)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
    assert table.queries == 1


async def test_last_templates_stay_on_offer_while_the_database_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = Table()
    await table.catalogue.all()
    table.now += LIFETIME
    table.away = True
    for _ in range(3):
        assert [each.slug for each in await table.catalogue.all()] == ["first-title"]
        assert (await table.catalogue.get("first-title")).title == "First title"
    assert caplog.messages == [
        "Cannot load the templates: DatabaseUnavailable. The last good value is used."
    ]
    table.now += RETRY_INTERVAL
    table.away = False
    table.titles = ("Another",)
    assert [each.slug for each in await table.catalogue.all()] == ["another"]


async def test_changed_template_is_seen_within_a_minute() -> None:
    table = Table()
    await table.catalogue.all()
    table.titles = ("Another",)
    table.now += LIFETIME - 1
    assert [each.title for each in await table.catalogue.all()] == ["First title"]
    table.now += 1
    assert [each.title for each in await table.catalogue.all()] == ["Another"]
    with pytest.raises(TemplateNotFound, match="'first-title'"):
        await table.catalogue.get("first-title")


async def test_title_does_not_depend_on_whether_the_catalogue_has_been_read() -> None:
    table = Table(titles=("A title of its own", "Another"))
    assert await table.catalogue.title("a-title-of-its-own") == "A title of its own"
    assert table.queries == 1


async def test_title_of_a_removed_template_is_made_from_its_slug() -> None:
    assert await Table().catalogue.title("night-life-roller") == "Night life roller"


async def test_title_is_made_from_the_slug_while_the_database_is_away() -> None:
    assert await Table(away=True).catalogue.title("night-life-roller") == "Night life roller"
