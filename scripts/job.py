"""Print a job's history: its state, events, ledger entries and stored objects."""

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.database.client import Database
from app.errors import ServiceError
from app.settings import Settings
from app.storage.keys import poster_key
from app.storage.protocol import Storage, StoredObject
from scripts.support.command import run
from scripts.support.opening import open_migrated, open_store

_HISTORY = """
SELECT *,
  (SELECT *, record::id(id)[1] AS number FROM
    type::record('video_job_event', [$job, 0]..[$job, 1000000])) AS events,
  (SELECT * FROM type::record('credit_entry', [$job, '']..[$job, 'z'])
    ORDER BY created_at) AS entries
FROM ONLY type::record('video_job', $job)
"""


async def history(database: Database, storage: Storage, job_id: str) -> list[str]:
    """Return the history as lines.

    Raises:
        ServiceError: there is no such job, or the database or the storage does not answer.

    """
    job = await database.query(_HISTORY, job=job_id)
    if job is None:
        raise ServiceError(f"There is no job {job_id}.")
    lines = [
        f"Job {job_id} of {job['user']}" + _unless_same(job["user_email"], job["user"]),
        *_facts(job),
        "",
        "Events",
        *[_event(event, since=job["created_at"]) for event in job["events"]],
        "",
        "Ledger",
        *[f"  {entry['kind']:<8} {entry['credits']:>6}  {_time(entry['created_at'])}"
          for entry in job["entries"]],
    ]  # fmt: skip
    if key := job.get("video_key"):
        lines += ["", "Storage"]
        for each in (key, poster_key(key)):
            lines.append(f"  {each}: {_stored(await storage.find(each, read=False), job_id)}")
    return lines


def _facts(job: Mapping[str, Any]) -> Iterator[str]:
    trouble, lease = job.get("trouble"), job.get("lease")
    facts = {
        "Status": f"{job['status']}, {job.get('stage') or 'not taken up by this service'}",
        "Template": f"{job['template_slug']} on {job.get('fal_model') or 'no model'}",
        "Request": job.get("fal_request_id"),
        "Cost": f"{job.get('credits') or 0} credits",
        "Error": f"{job.get('error_code')}: {job['error']}" if job.get("error") else None,
        "Attempts": job.get("attempts"),
        "Due": _time(job.get("due_at")),
        "Deadline": _time(job.get("deadline_at")),
        "Lease": f"{lease['holder']} until {_time(lease['until'])}" if lease else None,
        "Trouble": trouble
        and f"{trouble['message']} ({trouble['count']} times since {_time(trouble['since'])})",
    }
    for name, value in facts.items():
        if value is not None:
            yield f"  {name:<9} {value}"


def _event(event: Mapping[str, Any], *, since: datetime) -> str:
    position = event.get("queue_position")
    notes = [f"position {position}"] if position is not None else []
    notes += [event["error_code"]] if event.get("error_code") else []
    line = (
        f"  {event['number']:>3}  +{(event['at'] - since).total_seconds():<9.3f} "
        f"{event['status']:<11} {event.get('stage') or '':<11} {', '.join(notes)}"
    )
    return line.rstrip()


def _stored(found: StoredObject | None, job_id: str) -> str:
    if found is None:
        return "no object"
    owner = "" if found.owner in {None, job_id} else f", stored for {found.owner}"
    return f"{found.size:,} bytes{owner}"


def _time(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f UTC") if time else None


def _unless_same(email: str, user: str) -> str:
    return "" if email == user else f" ({email})"


async def main() -> int:
    parser = argparse.ArgumentParser(prog="job", description=__doc__)
    parser.add_argument("job", help="the jobId that the submit returned")
    arguments = parser.parse_args()
    settings = Settings()
    async with open_migrated(settings) as database, open_store(settings) as storage:
        print("\n".join(await history(database, storage, arguments.job)))
    return 0


if __name__ == "__main__":
    run(main())
