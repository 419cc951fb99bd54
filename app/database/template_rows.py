"""Reads the templates in the database."""

import logging

from app.database.client import Database
from app.errors import ConfigurationError
from app.templates.template import Template

log = logging.getLogger(__name__)

_TEMPLATES = """
SELECT *, type::record('template_switch', record::id(id)).enabled ?? true AS enabled
FROM template ORDER BY id
"""


async def load_templates(database: Database) -> list[Template]:
    """Return the valid templates in the order of their slugs; an invalid one is logged."""
    templates = []
    for row in await database.query(_TEMPLATES):
        try:
            templates.append(Template.from_row(row, slug=str(row["id"].id)))
        except ConfigurationError as error:
            log.error("Left out: %s", error)  # noqa: TRY400 the message names the template and field
    return templates
