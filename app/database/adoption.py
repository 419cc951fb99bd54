"""Says what keeps a database from being migrated that the service did not make.

A table of another application is never taken over. ``video_job`` of the legacy stack is adopted if
new jobs can live in it beside its rows: its definitions are copied to a temporary store, migrated
there and tried with a few jobs, and its rows are searched for values of other types. Nothing is
written to the database itself.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from app.database import definitions
from app.database.client import Database
from app.database.definitions import (
    Definitions,
    Difference,
    Reference,
    define,
    differences,
    kinds,
    read_definitions,
    scratch,
)
from app.database.errors import MigrationFailed
from app.database.schema import SchemaFile
from app.database.schema_status import LEDGER_FIELDS, read_ledger
from app.database.unusable_rows import find_unusable

JOBS = "video_job"
OF_OTHERS = "the schema needs this name, and another application has it"
REFUSES = (
    f"table {JOBS} has an index, event or assertion that refuses the service's jobs, which must "
    "be changed or removed"
)
TRIAL = """
LET $limits = { signup_grant: 9, in_flight: 9, per_minute: 9, silence: 60, deadline: 60 };
LET $job = { user: 'trial', user_email: 'trial', template_slug: 'trial',
  fal_model: 'trial', credits: 1 };
LET $video = { title: 'trial', bytes: 1, sha256: '', duration_seconds: 1.0, width: 1, height: 1 };
FOR $each IN [['one', { headline: 'trial' }], ['two', {}]] {
  LET $id = $each[0];
  fn::video_job::open(object::extend($job, { id: $id, variables: $each[1] }), $limits, NONE);
  fn::video_job::submitting($id, 60);
  fn::video_job::queued($id, $id, 1, 60);
  fn::video_job::progress($id, true, NONE);
  fn::video_job::claim($id, $id, 60, 'trial');
};
fn::video_job::complete('one', 'one', $video);
fn::video_job::fail('two', 'two', 'trial', 'trial');
"""


async def find_obstacles(database: Database, files: Sequence[SchemaFile]) -> list[str]:
    """Return what must be mended before these files can be applied, each with its mend."""
    # The tables first: what another runner makes in between is in the ledger then.
    info = await database.query("INFO FOR DB")
    ledger = await read_ledger(database)
    obstacles = [f"{name}: {OF_OTHERS}" async for name in _taken(database, files, info, ledger)]
    if obstacles or JOBS not in info["tables"] or files[0].name in ledger:
        return obstacles
    reference = await definitions.read_reference(files)
    if obstacles := await _shape(database, files, info, reference):
        return obstacles
    expected = _of_jobs(reference)
    actual = await read_definitions(database, [JOBS])
    return [each async for each in find_unusable(database, expected, actual)]


async def _taken(
    database: Database,
    files: Sequence[SchemaFile],
    info: Mapping[str, Any],
    ledger: Mapping[str, Mapping[str, Any]],
) -> AsyncIterator[str]:
    """Yield the tables and functions that have a name of the schema, but are not the schema's."""
    if "migration" in info["tables"]:
        fields = (await database.query("INFO FOR TABLE migration"))["fields"]
        if not fields.keys() >= LEDGER_FIELDS:
            yield "table migration"
    made = {JOBS}.union(*(row["tables"] or [] for row in ledger.values()))
    # An earlier release recorded no tables; it made those of the file.
    old = {name for name, row in ledger.items() if row["tables"] is None}
    made = made.union(*(file.tables for file in files if file.name in old))
    for table in sorted({table for file in files for table in file.tables} - made):
        if table in info["tables"]:
            yield f"table {table}"
    if ledger:  # functions move between files
        return
    for function in sorted({function for file in files for function in file.functions}):
        if function.removeprefix("fn::") in info["functions"]:
            yield f"function {function}"


async def _shape(
    database: Database,
    files: Sequence[SchemaFile],
    info: Mapping[str, Any],
    reference: Reference,
) -> list[str]:
    """Migrate a copy of the definitions and try jobs in it."""
    async with scratch() as copy:
        try:
            await _copy(database, copy, info)
            await define(copy, files)
        except MigrationFailed as error:
            return [f"table {JOBS}: {error}"]
        found = differences(_of_jobs(reference), await read_definitions(copy, [JOBS]))
        if obstacles := list(_obstacles(found, reference.job_fields)):
            return obstacles
        for result in await copy.run_script(TRIAL):
            if result["status"] != "OK":
                return [f"{REFUSES}: {result['result']}"]
    return []


def _of_jobs(reference: Reference) -> Definitions:
    return {
        name: parts
        for name, parts in reference.definitions.items()
        if name.partition(" ")[2].partition(".")[0] == JOBS
    }


async def _copy(database: Database, copy: Database, info: Mapping[str, Any]) -> None:
    """Define the table with its fields, indexes and events, and what these may call."""
    table = await database.query(f"INFO FOR TABLE {JOBS}")
    statements = [
        *(each for part in ("params", "functions", "analyzers") for each in info[part].values()),
        info["tables"][JOBS],
        *(each for part in ("fields", "indexes", "events") for each in table[part].values()),
    ]
    # OVERWRITE: an array's definition makes another one for its elements.
    for statement in statements:
        words = statement.split(" ", 2)
        script = " ".join([*words[:2], "OVERWRITE", words[2]])
        for result in await copy.run_script(script):
            if result["status"] != "OK":
                raise MigrationFailed(f"{statement} cannot be tried: {result['result']}")


def _obstacles(found: Iterator[Difference], ddl: Mapping[str, str]) -> Iterator[str]:
    for each in found:
        if each.harmless or each.name.startswith(("function ", "index ")):
            continue  # an index is judged by what it refuses
        kind, _, path = each.name.partition(" ")
        name = path.removeprefix(f"{JOBS}.")
        if kind != "field":
            yield f"{each}: make it a table of ordinary rows"
        elif each.expected is None:
            assert each.actual is not None, "a difference has one side at least"
            optional = f"option<{each.actual.get('kind', 'any')}>"
            yield (
                f"{each.name} is required, and the service does not know it: "
                f"DEFINE FIELD OVERWRITE {name} ON {JOBS} TYPE {optional};"
            )
        else:
            mend = ddl[name].replace("DEFINE FIELD", "DEFINE FIELD OVERWRITE", 1)
            if kinds(each.expected) != kinds(each.actual or {}):
                # With its own type the rows would not be looked at.
                mend = f"DEFINE FIELD OVERWRITE {name} ON {JOBS} TYPE any"
            yield f"{each.name} is not as the service needs it: {mend};"
