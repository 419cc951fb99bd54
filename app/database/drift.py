"""Finds definitions that differ between a database and the files of ``schema/``."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.database.address import Address
from app.database.client import Database
from app.database.migrations import apply
from app.database.schema import SchemaFile

PARTS = {"fields": "field", "indexes": "index", "events": "event"}
IGNORED = {"id", "comment"}
"""Parts of a definition that may differ: the engine's number for it, and its comment."""


async def find_drift(database: Database, applied: Sequence[SchemaFile]) -> list[str]:
    """Compare the definitions with those of a temporary store that ran the same files.

    Unknown definitions are reported in the schema's own tables only: other tables and functions
    may belong to another application.

    Raises:
        MigrationFailed: the files cannot be applied to an empty store.

    """
    with tempfile.TemporaryDirectory() as folder:
        address = Address(
            url=f"surrealkv://{folder}/reference", namespace="drift", database="drift"
        )
        async with Database(address, deadline=30) as reference:
            for file in applied:
                await apply(reference, file)
            tables = await _tables(reference)
            expected = await _definitions(reference, tables)
    actual = await _definitions(database, tables)
    return sorted(_differences(expected, actual))


async def _tables(database: Database) -> list[str]:
    return [table["name"] for table in (await database.query("INFO FOR DB STRUCTURE"))["tables"]]


async def _definitions(database: Database, tables: Iterable[str]) -> dict[str, str]:
    """Return the definitions of these tables and of all functions, as text that can be compared."""
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
    important = {key: value for key, value in definition.items() if key not in IGNORED}
    return json.dumps(important, sort_keys=True, default=str)


def _differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> Iterable[str]:
    for name in expected.keys() - actual.keys():
        yield f"{name} is missing"
    for name in expected.keys() & actual.keys():
        if expected[name] != actual[name]:
            yield f"{name} differs from the schema"
    for name in actual.keys() - expected.keys():
        if not name.startswith("function "):
            yield f"{name} is not in the schema"
