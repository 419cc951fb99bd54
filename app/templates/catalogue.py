"""The templates on offer, as the database has them, remembered for a while."""

import time
from collections.abc import Awaitable, Callable, Iterable

from app.errors import TemplateNotFound
from app.templates.template import Template

LIFETIME = 60.0
"""Seconds until a template that was added or changed is seen."""


class Catalogue:
    """Reads all templates at once: there are tens of them, not thousands."""

    def __init__(self, load: Callable[[], Awaitable[Iterable[Template]]]) -> None:
        self._load = load
        self._templates: dict[str, Template] = {}
        self._loaded = -LIFETIME

    async def all(self) -> list[Template]:
        """Return the templates in the order of their slugs."""
        await self._refresh()
        return list(self._templates.values())

    async def get(self, slug: str) -> Template:
        """Return one template, or raise TemplateNotFound."""
        await self._refresh()
        try:
            return self._templates[slug]
        except KeyError:
            raise TemplateNotFound(f"There is no template {slug[:80]!r}.") from None

    def title(self, slug: str) -> str:
        """Return what a video of this template is called, also once the template is gone."""
        template = self._templates.get(slug)
        return template.title if template else slug.replace("-", " ").capitalize()

    async def _refresh(self) -> None:
        if time.monotonic() - self._loaded >= LIFETIME:
            self._templates = {template.slug: template for template in await self._load()}
            self._loaded = time.monotonic()
