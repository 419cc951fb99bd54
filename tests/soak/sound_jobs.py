"""A server's database with as many sound jobs as the audit has to bear."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from app.database.client import Database
from app.storage.protocol import StoredObject
from scripts.bench.filled_database import TABLES, without_schema

JOBS_OF_EACH = 200
"""Jobs of one user."""
FAILED_OF_EACH = 28
"""Every seventh of them; one job of every fifth user is pending, the others are completed."""
BATCH = 250
"""Jobs of one call: the SDK stops waiting after 30 s, also on a busy machine."""
AT_ONCE = 2
BYTES = 2_217_941
MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"

# In SurrealQL, so that millions of rows need not be sent to the database.
_JOBS = """{
LET $jobs = array::range($from..$to).map(|$n| {
  LET $user = $n % $users;
  LET $turn = math::floor($n / $users);
  LET $at = $since + duration::from_secs(7 * $n);
  LET $name = 'user-' + <string> $user;
  LET $pending = $turn = 0 AND $user % 5 = 0;
  LET $failed = $turn % 7 = 6;
  LET $done = !$pending AND !$failed;
  LET $key = 'users/' + $name + '/library/' + time::format($at, '%Y-%m-%d')
    + '-night-life-roller-' + <string> ($turn + 2);
  RETURN {
    id: <string> rand::uuid::v7($at), user: $name, user_email: $name + '@example.com',
    template_slug: 'night-life-roller', variables: { headline: 'Friday', mood: 'raw' },
    fal_model: $model, fal_request_id: <string> rand::uuid::v4(), credits: 10,
    attempts: IF $done { 1 } ELSE { 0 }, revision: 3,
    status: IF $pending { 'pending' } ELSE IF $failed { 'failed' } ELSE { 'completed' },
    stage: IF $pending { 'queued' } ELSE { 'done' },
    error_code: IF $failed { 'fal_rejected' }, error: IF $failed { 'The model refused.' },
    video_key: IF $done { $key + '.mp4' }, poster_key: IF $done { $key + '.jpg' },
    sha256: IF $done { crypto::sha256($key) }, bytes: IF $done { $bytes },
    duration_seconds: IF $done { 5.2 }, width: IF $done { 1280 }, height: IF $done { 720 },
    due_at: IF $pending { $at }, deadline_at: $at + 1d,
    submitted_at: $at, created_at: $at, updated_at: $at + 3m,
    completed_at: IF !$pending { $at + 3m }
  }
});
INSERT INTO video_job $jobs RETURN NONE;
INSERT INTO video_job_event array::flatten($jobs.map(|$job| [
  { id: [$job.id, 1], status: 'pending', at: $job.created_at },
  { id: [$job.id, 2], status: 'pending', at: $job.created_at },
  { id: [$job.id, 3], status: $job.status, at: $job.updated_at }
])) RETURN NONE;
INSERT INTO credit_entry (SELECT user, credits, id AS job, created_at, 'hold' AS kind,
  [id, 'hold'] AS id FROM $jobs) RETURN NONE;
INSERT INTO credit_entry (SELECT user, credits, id AS job, created_at, $kinds[status] AS kind,
  [id, $kinds[status]] AS id FROM $jobs WHERE status != 'pending') RETURN NONE;
INSERT INTO fal_request (SELECT fal_request_id AS id, id AS job FROM $jobs) RETURN NONE;
INSERT INTO storage_key_taken (SELECT video_key AS id FROM $jobs WHERE video_key != NONE)
  RETURN NONE;
INSERT INTO library_video (SELECT id, user, video_key AS key, poster_key, template_slug, bytes,
    duration_seconds, width, height, completed_at AS created_at, 'Night life roller' AS title
  FROM $jobs WHERE status = 'completed') RETURN NONE;
}"""
_KINDS = {"completed": "charge", "failed": "release"}
_ACCOUNTS = """{
LET $accounts = array::range(0..$users).map(|$user| {
  LET $pending = IF $user % 5 = 0 { 1 } ELSE { 0 };
  RETURN {
    id: 'user-' + <string> $user, balance: 10 * ($each - $done + $pending),
    held: 10 * $pending, in_flight: $pending, created_at: $since
  }
});
INSERT INTO credit_account $accounts RETURN NONE;
INSERT INTO credit_entry (SELECT id AS user, 10 * $each AS credits, 'grant' AS kind, created_at,
  [id, 'signup'] AS id FROM $accounts) RETURN NONE;
}"""


async def fill(database: Database, jobs: int) -> None:
    """Fill a migrated database with ``jobs`` jobs, a multiple of 200, and all that belongs to them.

    Fields and events are removed and put back afterwards: they would be evaluated for every row.
    """
    tables = (*TABLES, "video_job_event", "fal_request", "storage_key_taken")
    definitions = await without_schema(database, tables)
    since = await database.query("RETURN time::floor(time::now(), 1us) - 100d")
    users = jobs // JOBS_OF_EACH
    done = JOBS_OF_EACH - FAILED_OF_EACH
    await database.query(_ACCOUNTS, users=users, since=since, each=JOBS_OF_EACH, done=done)
    terms: dict[str, Any] = {"users": users, "since": since, "model": MODEL, "bytes": BYTES}
    batches = iter(range(0, jobs, BATCH))

    async def work() -> None:
        for first in batches:
            bounds = {"from": first, "to": min(first + BATCH, jobs)}
            await database.query(_JOBS, **bounds, **terms, kinds=_KINDS)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    for definition in definitions:
        await database.query(definition)


@dataclass
class FullStorage:
    """Has every object, with the size of a sound job's video."""

    missing: str = ""
    owners: dict[str, str] = field(default_factory=dict)
    """The job that stored an object, where the object says so."""

    async def find(self, key: str, *, read: bool) -> StoredObject | None:
        """Return the object under ``key``."""
        assert not read
        return None if key == self.missing else StoredObject(BYTES, None, self.owners.get(key))
