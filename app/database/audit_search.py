"""The audit of what a search in a library reads, which must be what the library shows."""

from collections.abc import AsyncIterator

from app.database.audit_rules import Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

# A user who never searched may have videos from before the table.
_DIFFERENT = f"""{{
LET $videos = SELECT * FROM {rows_of("library_video")};
RETURN $videos.filter(|$video| {{
  LET $wanted = fn::library::search_row($video);
  LET $id = type::record('library_search', $wanted.id);
  LET $found = SELECT * FROM ONLY $id;
  IF $video.deleted_at != NONE {{ RETURN $found != NONE }};
  IF $found = NONE {{ RETURN record::exists(type::record('library_search', [$video.user])) }};
  RETURN $found != object::extend($wanted, {{ id: $id }})
}}).map(|$video| <string> record::id($video.id))
}}"""  # noqa: S608 constants
_LOST = f"""
RETURN (SELECT VALUE record::id(id)[2] FROM {rows_of("library_search")}
  WHERE array::len(record::id(id)) = 3
    AND !record::exists(type::record('library_video', record::id(id)[2])))"""  # noqa: S608 constants


async def check_search(database: Database) -> AsyncIterator[Violation]:
    """Compare each video with its row in ``library_search``."""
    for table, statement, finding in (
        ("library_video", _DIFFERENT, "a search of its library does not find it as it is"),
        ("library_search", _LOST, "is found by a search but is not in the library"),
    ):
        for ids in await split_table(database, table):
            for job in await database.query(statement, first=ids.first, end=ids.end):
                yield Violation(job, finding)
