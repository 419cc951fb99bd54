"""A database filled with jobs, their videos, their ledger entries and accounts."""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Self

from anyio.from_thread import BlockingPortal

from app.database.address import Address
from app.database.client import Database
from scripts.migrate import check, migrate

JOBS_OF_EACH = 200
"""Jobs of one user: a larger database has more users."""
ADA = "ada-0"
"""The measured user: the same number of jobs in every database, half of them under way."""
TABLES = ("video_job", "library_video", "credit_entry", "credit_account")
BATCH = 200
"""Jobs of one call: a busy server stalls while it compacts, and the client waits for 30 s."""
AT_ONCE = 4
DEADLINE = 60.0
"""Seconds for a call, on a busy machine."""
ADAS = "SELECT VALUE record::id(id) FROM video_job WHERE user = $ada AND status = $status"
REQUESTS = """SELECT VALUE [fal_request_id, fal_model] FROM video_job
  WHERE user = $ada AND status = 'processing'"""
MAKE_DUE = """UPDATE (SELECT VALUE id FROM video_job
  WHERE user = $ada AND status = 'processing' LIMIT $jobs) SET due_at = $at RETURN NONE"""

# In SurrealQL, so that a million rows need not be sent to the database.
JOBS = """{
LET $jobs = array::range($from..$to).map(|$n| {
  LET $user = $n % $users;
  LET $turn = math::floor($n / $users);
  LET $at = $since + duration::from_secs(7 * $n);
  LET $name = $prefix + '-' + <string> $user;
  LET $running = $turn < $under_way;
  LET $failed = !$running AND $turn % 7 = 6;
  LET $done = !$running AND !$failed;
  LET $key = 'users/' + $name + '/library/2025-10-08-night-life-roller-' + <string> $turn;
  RETURN {
    id: <string> rand::uuid::v7($at), user: $name, user_email: $name + '@example.com',
    template_slug: 'night-life-roller', variables: { headline: 'Friday', mood: 'raw' },
    fal_model: $model, fal_request_id: <string> rand::uuid::v4(), credits: 10, attempts: 1,
    status: IF $running { 'processing' } ELSE IF $failed { 'failed' } ELSE { 'completed' },
    stage: IF $running { 'generating' } ELSE { 'done' },
    revision: IF $running { 3 } ELSE { 5 },
    error_code: IF $failed { 'fal_rejected' }, error: IF $failed { 'The model refused.' },
    video_key: IF $done { $key + '.mp4' }, poster_key: IF $done { $key + '.jpg' },
    sha256: IF $done { crypto::sha256($key) }, bytes: IF $done { 2217941 },
    duration_seconds: IF $done { 5.2 }, width: IF $done { 1280 }, height: IF $done { 720 },
    due_at: IF $running { time::now() + 30d }, deadline_at: $at + 1000d,
    submitted_at: $at, created_at: $at, updated_at: $at + 3m,
    completed_at: IF !$running { $at + 3m }
  }
});
INSERT INTO video_job $jobs RETURN NONE;
LET $videos = SELECT id, user, video_key AS key, poster_key, template_slug, bytes,
    duration_seconds, width, height, completed_at AS created_at, 'Night life roller' AS title
  FROM $jobs WHERE status = 'completed';
INSERT INTO library_video $videos RETURN NONE;
INSERT INTO library_search $videos.map(|$video| fn::library::search_row(
  object::extend($video, { id: type::record('library_video', $video.id) }))) RETURN NONE;
INSERT INTO credit_entry (SELECT user, credits, id AS job, created_at, $kinds[status] AS kind,
    [id, $kinds[status]] AS id
  FROM $jobs) RETURN NONE;
}"""
ACCOUNTS = """INSERT INTO credit_account (array::range(0..$users).map(|$user| {
  RETURN {
    id: $prefix + '-' + <string> $user, balance: 1000000, held: 10 * $under_way,
    in_flight: $under_way,
    created_at: $since
  }
})) RETURN NONE"""
KINDS = {"completed": "charge", "failed": "release", "processing": "hold"}
MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"


class FilledDatabase:
    """A database with ``jobs`` jobs and those of the measured user."""

    def __init__(
        self, jobs: int, address: Address, database: Database, portal: BlockingPortal
    ) -> None:
        self.jobs = jobs
        self.address = address
        self.seconds = 0.0
        """Seconds that filling took."""
        self._database = database
        self._portal = portal

    @classmethod
    @contextmanager
    def of(
        cls,
        jobs: int,
        address: Address,
        portal: BlockingPortal,
        more: Mapping[str, int] | None = None,
    ) -> Iterator[Self]:
        """Migrate and fill a database, and check its schema; ``more`` as for :func:`fill`."""
        database = Database(address, deadline=DEADLINE)
        with portal.wrap_async_context_manager(database):
            filled = cls(jobs, address, database, portal)
            with redirect_stdout(sys.stderr):  # stdout has the table of figures
                portal.call(migrate, database)
                began = time.monotonic()
                portal.call(fill, database, jobs, more or {})
                filled.seconds = time.monotonic() - began
                assert portal.call(check, database) == 0, "the schema has drifted"
            yield filled

    @cached_property
    def finished(self) -> Iterator[str]:
        """Ids of the measured user's completed jobs, each once."""
        return iter(self._query(ADAS, status="completed"))

    @cached_property
    def running(self) -> Iterator[str]:
        """Ids of the measured user's running jobs, each once."""
        return iter(self._query(ADAS, status="processing"))

    def requests(self) -> list[tuple[str, str]]:
        """Return request id and model of each running job of the measured user."""
        return [(request, model) for request, model in self._query(REQUESTS)]

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the schema."""
        return self._portal.call(self._database.call, function, *arguments)

    def make_due(self, jobs: int, wait: timedelta) -> None:
        """Make ``jobs`` running jobs of the measured user due after ``wait``."""
        self._query(MAKE_DUE, jobs=jobs, at=datetime.now(UTC) + wait)

    def query(self, statement: str, **variables: Any) -> Any:
        """Return the result of a statement."""
        return self._portal.call(partial(self._database.query, statement, **variables))

    def _query(self, statement: str, **variables: Any) -> Any:
        return self.query(statement, ada=ADA, **variables)


async def fill(database: Database, jobs: int, more: Mapping[str, int]) -> None:
    """Fill a migrated database with ``jobs`` ended jobs, and those of the measured user.

    ``more`` has the ended jobs of further users; the user of a name has ``-0`` after it.
    Fields and events are removed and put back afterwards: they would be evaluated for every row.
    Indexes stay: building seven over a million rows afterwards took longer, and 2 GB more.
    """
    definitions = await without_schema(database, TABLES)
    users = jobs // JOBS_OF_EACH
    await _fill_users(database, jobs, users=users, prefix="user", under_way=0)
    half = JOBS_OF_EACH // 2
    await _fill_users(database, JOBS_OF_EACH, users=1, prefix="ada", under_way=half)
    for name, number in more.items():
        await _fill_users(database, number, users=1, prefix=name, under_way=0)
    for definition in definitions:
        await database.query(definition)


async def _fill_users(database: Database, jobs: int, **terms: Any) -> None:
    since = await database.query("RETURN fn::clock::now() - 100d")
    terms |= {"since": since}
    await database.query(ACCOUNTS, **terms)
    batches = iter(range(0, jobs, BATCH))

    async def work() -> None:
        for first in batches:
            bounds = {"from": first, "to": min(first + BATCH, jobs)}
            await database.query(JOBS, **bounds, **terms, kinds=KINDS, model=MODEL)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def without_schema(database: Database, names: Sequence[str]) -> list[str]:
    """Reduce the tables to their indexes; return the statements that restore the rest."""
    definitions = list[str]()
    tables = (await database.query("INFO FOR DB"))["tables"]
    for table in names:
        parts = await database.query(f"INFO FOR TABLE {table}")
        definitions.append(tables[table].replace("TABLE", "TABLE OVERWRITE", 1))
        # The field of an array defines the field of its elements too, which then comes again.
        definitions += [
            each.replace("FIELD", "FIELD OVERWRITE", 1) for each in parts["fields"].values()
        ]
        definitions += parts["events"].values()
        await database.query(f"REMOVE TABLE {table}")
        await database.query(f"DEFINE TABLE {table} SCHEMALESS")
        for index in parts["indexes"].values():
            await database.query(index)
    return definitions
