"""Definitions of a database: reading them, and comparing them with those of ``schema/``."""

import json
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.database import schema
from app.database.address import Address
from app.database.client import Database
from app.database.errors import MigrationFailed
from app.database.schema import SchemaFile

PARTS = {"fields": "field", "indexes": "index", "events": "event"}
HARMLESS = {"id", "comment"}
"""Parts of a definition that may differ: the engine's number for it, and its comment."""
HARMLESS_OF_KIND = {
    "field": {"permissions"},  # users with a role do not meet them
    "table": {"changefeed"},
}
HARMLESS_OF_JOBS = {"schemafull", "kind"}
"""The table of jobs may be SCHEMALESS, and is of any type then."""

Parts = Mapping[str, Any]
Definitions = Mapping[str, Parts]
"""The parts of each definition by its name, such as ``field video_job.user``."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A definition that is not as in ``schema/``; ``harmless`` if the service can work with it."""

    name: str
    finding: str
    harmless: bool
    expected: Parts | None = field(default=None, repr=False)
    actual: Parts | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.name} {self.finding}"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the files of ``schema/`` define; ``job_fields`` has statements by the field's name."""

    tables: Sequence[str]
    definitions: Definitions
    job_fields: Mapping[str, str]


@asynccontextmanager
async def scratch() -> AsyncIterator[Database]:
    """Open an empty database that is deleted at the end."""
    with tempfile.TemporaryDirectory() as folder:
        address = Address(url=f"surrealkv://{folder}/scratch", namespace="s", database="s")
        async with Database(address, deadline=30) as database:
            yield database


async def define(database: Database, files: Sequence[SchemaFile]) -> None:
    """Apply the files in one transaction.

    Raises:
        MigrationFailed: the database refuses a file.

    """
    script, parameters = schema.transaction(files, begin="BEGIN;", end="COMMIT;")
    results = await database.run_script(script, files=parameters)
    failed = [each for each in results if each["status"] != "OK"]
    for each in failed:
        if (each.get("details") or {}).get("kind") not in {"NotExecuted", "Cancelled"}:
            raise MigrationFailed(each["result"])


async def read_reference(files: Sequence[SchemaFile]) -> Reference:
    """Return the definitions of an empty database to which the files were applied.

    Raises:
        MigrationFailed: the files cannot be applied.

    """
    async with scratch() as database:
        await define(database, files)
        tables = [
            each["name"] for each in (await database.query("INFO FOR DB STRUCTURE"))["tables"]
        ]
        return Reference(
            tables=tables,
            definitions=await read_definitions(database, tables),
            job_fields=(await database.query("INFO FOR TABLE video_job"))["fields"],
        )


async def read_definitions(database: Database, tables: Collection[str]) -> dict[str, Parts]:
    """Return the definitions of those of these tables that exist, and of all functions."""
    info = await database.query("INFO FOR DB STRUCTURE")
    found = {f"function fn::{each['name']}": each for each in info["functions"]}
    for table in info["tables"]:
        if (name := table["name"]) not in tables:
            continue
        found[f"table {name}"] = table
        parts = await database.query(f"INFO FOR TABLE {name} STRUCTURE")
        for plural, singular in PARTS.items():
            found |= {f"{singular} {name}.{each['name']}": each for each in parts[plural]}
    return found


def differences(expected: Definitions, actual: Definitions) -> Iterator[Difference]:
    """Compare definitions; functions that the schema does not have may be another application's."""
    for name in sorted(expected.keys() | actual.keys()):
        ours, theirs = expected.get(name), actual.get(name)
        if theirs is None:
            yield Difference(name=name, finding="is missing", harmless=False, expected=ours)
        elif ours is None:
            if not name.startswith("function "):
                yield Difference(
                    name=name,
                    finding="is not in the schema",
                    harmless=_may_be_added(name, theirs),
                    actual=theirs,
                )
        elif _text(ours) != _text(theirs):
            yield Difference(
                name=name,
                finding="differs from the schema",
                harmless=_may_replace(name, ours, theirs, actual),
                expected=ours,
                actual=theirs,
            )


def kinds(parts: Parts) -> set[str]:
    """Return the types that a field may have: ``{"none", "string"}`` for ``option<string>``."""
    return set(parts.get("kind", "any").split(" | "))


def _may_be_added(name: str, parts: Parts) -> bool:
    """Say whether a write that knows nothing of this definition succeeds."""
    is_given = any(part in parts for part in ("default", "value", "computed"))
    is_optional = bool({"any", "none"} & kinds(parts))
    return not name.startswith("field ") or is_given or is_optional or "." in parts["name"]


def _may_replace(name: str, ours: Parts, theirs: Parts, actual: Definitions) -> bool:
    """Say whether the differences are ones that harm no write and no read."""
    kind, _, table = name.partition(" ")
    harmless = HARMLESS | HARMLESS_OF_KIND.get(kind, set())
    if name == "table video_job":
        harmless |= HARMLESS_OF_JOBS - ({"kind"} if theirs["kind"]["kind"] == "RELATION" else set())
    if kind == "field":
        is_wider = kinds(theirs) >= kinds(ours) or "any" in kinds(theirs)
        harmless |= {"kind"} if is_wider else set()
        schemafull = actual[f"table {table.partition('.')[0]}"]["schemafull"]
        harmless |= set() if schemafull else {"flexible"}
    return _text(ours, without=harmless) == _text(theirs, without=harmless)


def _text(parts: Parts, *, without: Collection[str] = HARMLESS) -> str:
    important = {key: value for key, value in parts.items() if key not in without}
    if isinstance(kind := important.get("kind"), str):
        important["kind"] = sorted(kind.split(" | "))
    return json.dumps(important, sort_keys=True, default=str)
