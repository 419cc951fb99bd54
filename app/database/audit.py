"""Checks every invariant over a whole database and its storage, also while the service runs."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from app.database.audit_rules import (
    Row,
    Violation,
    check_accounts,
    check_job,
    is_delivered_here,
)
from app.database.client import Database
from app.domain.job import Status
from app.storage.keys import poster_key
from app.storage.protocol import Storage

CHUNK = 200
"""Jobs that one call reads with everything that belongs to them."""

_JOBS = """
SELECT *,
  (SELECT VALUE [record::id(id)[1], credits, user] FROM
    type::record('credit_entry', [record::id($parent.id), '']..[record::id($parent.id), 'z'])
  ) AS entries,
  (SELECT VALUE job FROM ONLY type::record('fal_request', $parent.fal_request_id ?? '-'))
    AS request_owner,
  (SELECT * FROM ONLY type::record('library_video', record::id($parent.id))) AS listed,
  (SELECT VALUE [record::id(id)[1], status] FROM
    type::record('video_job_event', [record::id($parent.id), 0]..[record::id($parent.id), 1000000])
  ) AS events
FROM array::map($jobs, |$job| type::record('video_job', $job))
"""
_JOBS_WITH_KEY = "SELECT VALUE id FROM video_job WHERE video_key = $key LIMIT 2"
_BOOKS = """
RETURN {
  accounts: (SELECT record::id(id) AS user, balance, held, in_flight FROM credit_account),
  entries: (SELECT user, kind, math::sum(credits) AS credits FROM credit_entry
    GROUP BY user, kind),
  rows_without_a_job: array::concat(
    (SELECT VALUE [record::id(id)[0], 'has ledger entries'] FROM credit_entry
      WHERE kind != 'grant' AND !record::exists(type::record('video_job', record::id(id)[0]))),
    (SELECT VALUE [record::id(id), 'is in the library'] FROM library_video
      WHERE !record::exists(type::record('video_job', record::id(id))))),
  unfinished: (SELECT user, math::sum(credits) AS credits, count() AS jobs FROM video_job
    WHERE status NOT IN ['completed', 'failed', 'cancelled']
      AND record::exists(type::record('credit_entry', [record::id(id), 'hold']))
    GROUP BY user)
}
"""


async def audit(database: Database, storage: Storage, *, read: bool) -> list[Violation]:
    """Return every violation; ``read`` reads each video's bytes instead of trusting the store."""
    violations = list(check_accounts(await database.query(_BOOKS)))
    owned: Counter[str] = Counter()
    async for job in _jobs(database):
        owned.update(job[name] for name in ("video_key", "fal_request_id") if job.get(name))
        violations += check_job(job)
        if is_delivered_here(job):
            violations += [each async for each in _objects(job, storage, read=read)]
    violations += [
        Violation(name, "belongs to two jobs") for name, jobs in owned.items() if jobs > 1
    ]
    return violations


async def orphans(database: Database, storage: Storage) -> AsyncIterator[str]:
    """Iterate over the keys of objects that a job stored before it ended without a video.

    They break no invariant: a service that dies after storing leaves one if fal has forgotten the
    result when the delivery is repeated. Objects that do not name the job as their owner are left
    out, since the bucket may serve other applications, and so are keys that two rows of the
    legacy stack share.
    """
    async for job in _jobs(database):
        key = job.get("video_key")
        if not key or job["status"] not in {Status.FAILED, Status.CANCELLED}:
            continue
        if len(await database.query(_JOBS_WITH_KEY, key=key)) > 1:
            continue
        for each in (key, poster_key(key)):
            stored = await storage.find(each, read=False)
            if stored is not None and stored.owner == job["id"]:
                yield each


async def _jobs(database: Database) -> AsyncIterator[dict[str, Any]]:
    ids = await database.query("SELECT VALUE record::id(id) FROM video_job")
    for start in range(0, len(ids), CHUNK):
        for job in await database.query(_JOBS, jobs=ids[start : start + CHUNK]):
            yield job | {"id": job["id"].id}


async def _objects(job: Row, storage: Storage, *, read: bool) -> AsyncIterator[Violation]:
    video = await storage.find(job["video_key"], read=read)
    if video is None:
        yield Violation(job["id"], f"is completed, but there is no object at {job['video_key']}")
    elif video.size != job["bytes"] or video.sha256 not in {job.get("sha256"), None}:
        yield Violation(job["id"], f"the object at {job['video_key']} has other bytes")
    if await storage.find(job["poster_key"], read=False) is None:
        yield Violation(job["id"], f"is completed, but there is no object at {job['poster_key']}")
