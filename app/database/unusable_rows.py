"""Finds rows of ``video_job`` with ids or values that the service cannot use, before adoption."""

from collections.abc import AsyncIterator, Mapping

from app.database.client import Database
from app.database.definitions import Definitions, kinds
from app.database.job_ranges import RANGE, split_table

READ = 100
"""Rows with wrong values that are read of each range: most have the same fault."""
NUMBERS = {"float", "int", "decimal"}
ACCEPTED = {"float": NUMBERS, "int": NUMBERS}
"""Types of values that a field takes, if they are not only its own. A number with a fraction is not
looked for: of a row that has one, the backfill says so."""
OTHER_WORD = "another word"
"""The type of a text that is none of the words that its field takes."""
CASTS = {"string", "datetime", "int", "float"}
"""Types that a value of another type can be converted to."""


async def find_unusable(
    database: Database, expected: Definitions, actual: Definitions
) -> AsyncIterator[str]:
    """Yield each fault once, with a row that has it and the statements that mend it."""
    for order in ("ASC", "DESC"):  # ids of one type lie together
        ends = await database.query(f"SELECT VALUE id FROM video_job ORDER BY id {order} LIMIT 1")  # noqa: S608 a constant
        if ends and not isinstance(ends[0].id, str):
            yield (
                f"ids of video_job are not text, such as {ends[0]}: "
                "docs/operations.md has the statement that makes them text"
            )
            break
    wanted = _undeclared(expected, actual)
    words = {name: kinds(expected[f"field video_job.{name}"]) for name in wanted}
    statement = _statement(wanted, words)
    seen = set[tuple[str, str]]()
    for ids in await split_table(database) if wanted else []:
        for row in await database.query(statement, first=ids.first, end=ids.end):
            for name, found in row["types"].items():
                if found not in wanted[name] and (name, found) not in seen:
                    seen.add((name, found))
                    yield f"{row['id']} has {found} for {name}: {_mend(name, found, wanted[name])}"


def _undeclared(expected: Definitions, actual: Definitions) -> dict[str, set[str]]:
    """Return the types of the fields whose values the table itself does not check yet."""
    wanted = dict[str, set[str]]()
    parents = {
        parts["name"].partition(".")[0]
        for parts in expected.values()
        if "." in parts.get("name", "")
    }
    for key, parts in expected.items():
        name = parts["name"]
        if not key.startswith("field ") or "." in name:
            continue
        types = {"none"} if name in parents else _types(kinds(parts))
        if name == "fal_model":  # the backfill fills it in
            types |= {"none"}
        if key in actual:
            is_checked = name not in parents and kinds(actual[key]) <= kinds(parts)
        else:
            is_checked = actual["table video_job"]["schemafull"]
        if not is_checked:
            wanted[name] = types
    return wanted


def _types(of_field: set[str]) -> set[str]:
    words = {"string"} if any(kind.startswith("'") for kind in of_field) else set[str]()
    return words.union(*(ACCEPTED.get(kind, {kind}) for kind in of_field))


def _statement(wanted: Mapping[str, set[str]], words: Mapping[str, set[str]]) -> str:
    types, conditions = [], []
    for name, accepted in wanted.items():
        type_of = f"type::of({name})"
        if literals := sorted(kind for kind in words[name] if kind.startswith("'")):
            known = f"{name} IS NONE OR {name} IN [{', '.join(literals)}]"
            type_of = f"(IF {known} {{ type::of({name}) }} ELSE {{ '{OTHER_WORD}' }})"
        types.append(f"{name}: {type_of}")
        # Most optional fields are absent, and NONE is found faster than a type.
        given = f"{name} IS NOT NONE AND " if "none" in accepted else ""
        conditions.append(f"({given}{type_of} NOT IN {sorted(accepted)})")
    return (
        f"SELECT id, {{ {', '.join(types)} }} AS types FROM {RANGE} "  # noqa: S608 put together from constants
        f"WHERE {' OR '.join(conditions)} LIMIT {READ}"
    )


def _mend(name: str, found: str, accepted: set[str]) -> str:
    """Return statements for the table as it is now; afterwards it is adopted."""
    kind = next(iter(sorted(accepted & CASTS, reverse=True)), None)
    update = f"UPDATE video_job SET {name} ="  # noqa: S608 put together from constants
    retype = f"DEFINE FIELD OVERWRITE {name} ON video_job TYPE any; {update}"
    rows = f"WHERE type::of({name}) = '{found}';"
    if found == "none":
        return f"{update} … WHERE {name} IS NONE; with a {kind} for …"
    if found == "null" and "none" in accepted:
        return f"{retype} NONE {rows}"
    if found == "record" and kind == "string":
        return f"{retype} record::id({name}) {rows}"
    if kind and found in {"string", "int", "float", "decimal", "uuid", "datetime"}:
        return f"{retype} <{kind}> {name} {rows}"
    old = f"DEFINE FIELD old_{name} ON video_job TYPE any;"
    rest = f"{retype} NONE, old_{name} = {name} WHERE {name} IS NOT NONE;"
    return f"keep it under another name: {old} {rest}"
