"""What a database has become beside what its schema's files make of an empty one."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.database.client import Address, Database
from app.database.migrations import apply
from app.database.schema import SchemaFile

PARTS = {"fields": "field", "indexes": "index", "events": "event"}
UNIMPORTANT = {"id", "comment"}
"""Of a definition: the number the engine gave it, and what somebody noted beside it."""


async def drift(database: Database, applied: Sequence[SchemaFile]) -> list[str]:
    """Compare the definitions with those in a scratch store that ran the same files.

    What the schema does not know is reported within its own tables only: other tables and
    functions may be somebody else's.

    Raises:
        MigrationFailed: the files do not apply to an empty store.

    """
    with tempfile.TemporaryDirectory() as folder:
        address = Address(url=f"surrealkv://{folder}/scratch", namespace="drift", database="drift")
        async with Database(address, deadline=30) as scratch:
            for file in applied:
                await apply(scratch, file)
            tables = await _tables(scratch)
            expected = await _definitions(scratch, tables)
    actual = await _definitions(database, tables)
    return sorted(_differences(expected, actual))


async def _tables(database: Database) -> list[str]:
    return [table["name"] for table in (await database.query("INFO FOR DB STRUCTURE"))["tables"]]


async def _definitions(database: Database, tables: Iterable[str]) -> dict[str, str]:
    """Return each definition of these tables, and of all functions, as normalised text."""
    info = await database.query("INFO FOR DB STRUCTURE")
    found = {f"function fn::{each['name']}": _normal(each) for each in info["functions"]}
    existing = {each["name"]: each for each in info["tables"]}
    for table in existing.keys() & set(tables):
        found[f"table {table}"] = _normal(existing[table])
        parts = await database.query(f"INFO FOR TABLE {table} STRUCTURE")
        for plural, singular in PARTS.items():
            for each in parts[plural]:
                found[f"{singular} {table}.{each['name']}"] = _normal(each)
    return found


def _normal(definition: Mapping[str, Any]) -> str:
    important = {key: value for key, value in definition.items() if key not in UNIMPORTANT}
    return json.dumps(important, sort_keys=True, default=str)


def _differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> Iterable[str]:
    for name in expected.keys() - actual.keys():
        yield f"{name} is missing"
    for name in expected.keys() & actual.keys():
        if expected[name] != actual[name]:
            yield f"{name} is not as the schema has it"
    for name in actual.keys() - expected.keys():
        if not name.startswith("function "):
            yield f"{name} is not in the schema"
