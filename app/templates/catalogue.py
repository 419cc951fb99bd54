"""The templates that are on offer, read from the database and kept for a minute."""

import time
from collections.abc import Awaitable, Callable, Iterable

from app.caching.cached import Cached
from app.problems import DatabaseUnavailable, TemplateNotFound
from app.templates.template import Template

LIFETIME = 60.0
"""Seconds until a new or changed template is seen."""
RETRY_INTERVAL = 1.0
"""Seconds between two tries while the database is away."""


class Catalogue:
    """Reads all templates at once: there are tens of them, not thousands.

    While the database is away, the last templates that were read stay on offer.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[Iterable[Template]]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet; ``load`` returns the templates in the order of their slugs."""

        async def by_slug() -> dict[str, Template]:
            return {template.slug: template for template in await load()}

        self._templates = Cached(
            by_slug,
            name="the templates",
            lifetime=LIFETIME,
            min_interval=RETRY_INTERVAL,
            failures=(DatabaseUnavailable,),
            clock=clock,
        )

    async def all(self) -> list[Template]:
        """Return the templates that are not off, in the order of their slugs.

        Raises:
            DatabaseUnavailable: no template has been read yet, and none can be read now.

        """
        return [each for each in (await self._templates.get()).values() if each.enabled]

    async def get(self, slug: str) -> Template:
        """Return one template, also one that is off: the database refuses its submits.

        Raises:
            TemplateNotFound: no template has this slug.
            DatabaseUnavailable: as :meth:`all`.

        """
        try:
            return (await self._templates.get())[slug]
        except KeyError:
            raise TemplateNotFound(f"There is no template {slug[:80]!r}.") from None

    async def reload(self) -> None:
        """Read the templates again, after a change by this process."""
        await self._templates.reload()

    async def title(self, slug: str) -> str:
        """Return the template's title, or one made from the slug if the template is unknown."""
        try:
            return (await self.get(slug)).title
        except (TemplateNotFound, DatabaseUnavailable):
            return slug.replace("-", " ").capitalize()
