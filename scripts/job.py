"""Print a job's history: its state, events, ledger entries and stored objects.

--fail REASON first ends a job that has not ended, as the back office does, and releases its hold.
fal is not asked to cancel it.
"""

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import stamina

from app.api.admin_jobs import MAX_REASON
from app.database.client import Database
from app.database.errors import Thrown
from app.database.job_story import find_stored, read_story
from app.database.refusals import is_unreadable
from app.domain.admin_action import AdminAction
from app.domain.support_job import JobEvent, UnreadableJob
from app.errors import ServiceError, StorageUnavailable
from app.jobs.lifecycle import ENDED_BY_SUPPORT
from app.problems import DatabaseUnavailable, JobNotFound
from app.settings import Settings
from app.storage.protocol import Storage, StoredObject
from scripts.support.command import run
from scripts.support.opening import open_migrated, open_store

SHELL = "shell"
"""Stands for a key in ``admin_action``."""
_REFUSALS = {
    "job_not_found": "There is no job {}.",
    "job_finished": "Job {} has ended already.",
    "being_stored": "The video of job {} is being stored; fal was paid for it.",
}


async def history(database: Database, storage: Storage, job_id: str) -> list[str]:
    """Return the history as lines.

    Raises:
        ServiceError: there is no such job, or the database does not answer.

    """
    try:
        story = await read_story(database, job_id)
    except JobNotFound as error:
        raise ServiceError(_REFUSALS["job_not_found"].format(job_id)) from error
    job = story.row
    lines = [
        f"Job {job_id} of {job['user']}" + _unless_same(job.get("user_email"), job["user"]),
        *_facts(job),
        *([f"  Problem   {story.job.problem}"] if isinstance(story.job, UnreadableJob) else []),
        "",
        "Events",
        *[_event(event, since=job["created_at"]) for event in story.events],
        "",
        "Ledger",
        *[f"  {entry.kind:<8} {entry.credits:>6}  {_time(entry.created_at)}"
          for entry in story.entries],
    ]  # fmt: skip
    return [*lines, *await _objects(storage, job)]


async def _objects(storage: Storage, job: Mapping[str, Any]) -> list[str]:
    try:
        stored = await find_stored(storage, job)
    except StorageUnavailable as error:
        return ["", f"Storage: not known. {error}"]
    lines = [f"  {key}: {_stored(found, job['id'].id)}" for key, found in stored]
    return ["", "Storage", *lines] if lines else []


async def fail(database: Database, job_id: str, reason: str) -> None:
    """End the job; a call without an answer is repeated.

    Raises:
        ServiceError: there is no such job, it has ended, or its video is being stored.
        DatabaseUnavailable: the database never answered; the job may have ended.

    """
    action = vars(AdminAction(key=SHELL, reason=reason))
    try:
        async for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=5):
            with attempt:
                await _end(database, job_id, action)
    except Thrown as thrown:
        raise ServiceError(_REFUSALS[thrown.code].format(job_id)) from thrown


async def _end(database: Database, job_id: str, action: Mapping[str, Any]) -> None:
    try:
        await database.call("video_job::fail_by_hand", job_id, ENDED_BY_SUPPORT, action)
    except DatabaseUnavailable as error:
        if not is_unreadable(error):  # it has answered, so it has ended the job
            raise


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


def _event(event: JobEvent, *, since: datetime) -> str:
    position = event.queue_position
    notes = [f"position {position}"] if position is not None else []
    notes += [event.error_code] if event.error_code else []
    line = (
        f"  {event.number:>3}  +{(event.at - since).total_seconds():<9.3f} "
        f"{event.status:<11} {event.stage or '':<11} {', '.join(notes)}"
    )
    return line.rstrip()


def _stored(found: StoredObject | None, job_id: str) -> str:
    if found is None:
        return "no object"
    owner = "" if found.owner in {None, job_id} else f", stored for {found.owner}"
    return f"{found.size:,} bytes{owner}"


def _time(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%d %H:%M:%S.%f UTC") if time else None


def _reason(text: str) -> str:
    if not 1 <= len(text) <= MAX_REASON:
        raise argparse.ArgumentTypeError(f"must have 1 to {MAX_REASON} characters")
    return text


def _unless_same(email: str | None, user: str) -> str:
    return "" if email in {None, user} else f" ({email})"


async def main() -> int:
    parser = argparse.ArgumentParser(prog="job", description=__doc__)
    parser.add_argument("job", help="the jobId that the submit returned")
    parser.add_argument(
        "--fail", metavar="REASON", type=_reason, help="end the job, for this reason"
    )
    arguments = parser.parse_args()
    settings = Settings()
    async with open_migrated(settings) as database, open_store(settings) as storage:
        if arguments.fail:
            await database.check()
            await fail(database, arguments.job, arguments.fail)
        print("\n".join(await history(database, storage, arguments.job)))
    return 0


if __name__ == "__main__":
    run(main())
