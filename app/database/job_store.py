"""Jobs in SurrealDB: one method for each function that changes a job, in ``schema/functions``.

Every method may be called again after a :class:`~app.problems.DatabaseUnavailable`. The store
publishes each job that the database returns whole, counts each change, and logs each ending: no
caller has to remember to.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from app import times
from app.database.client import Database
from app.database.errors import Thrown
from app.database.job_refusals import refusal_of_change, refusal_of_submit
from app.database.limits import Limits
from app.database.refusals import is_unreadable, unreadable_job
from app.domain.admin_action import AdminAction
from app.domain.job import Job, Status
from app.domain.submission import Submission
from app.domain.support_job import SupportJob, UnreadableJob, read_support_job
from app.domain.trouble import Trouble
from app.domain.video import StoredVideo
from app.problems import DatabaseUnavailable, VideoNotFound
from app.telemetry.metrics import CREDITS, ENDED, RETRIES, SUBMITTED
from app.telemetry.traces import current_trace

log = logging.getLogger(__name__)


class JobStore:
    """The only way to change a job's state."""

    def __init__(
        self, database: Database, limits: Limits, *, publish: Callable[[Job], None]
    ) -> None:
        self._database = database
        self._limits = limits
        self._publish = publish

    async def open(
        self, submission: Submission, *, start_key: str | None = None
    ) -> tuple[Job, bool]:
        """Hold the credits and create the job, whose start image may be stored at ``start_key``.

        The flag is True if the idempotency key has created a job before; that job is returned.

        Raises:
            Forbidden, TemplateNotFound, InsufficientCredits, TooManyJobs, RateLimited,
            IdempotencyMismatch: nothing is written.

        """
        template = submission.template
        row = {
            "id": submission.job_id,
            "user": submission.user,
            "user_email": submission.user_email,
            "template_slug": template.slug,
            "variables": dict(submission.variables),
            "fal_model": template.fal_model,
            "credits": submission.price,
            "start_key": start_key,
            "trace": current_trace(),
        }
        once = submission.idempotency_key and {
            "key": submission.idempotency_key,
            "fingerprint": submission.fingerprint,
        }
        try:
            opened = await self._database.call("video_job::open", row, vars(self._limits), once)
        except Thrown as thrown:
            raise refusal_of_submit(thrown, submission, self._limits) from thrown
        job = self._published(opened["job"])
        if opened["created"]:
            SUBMITTED.labels(job.fal_model).inc()
            CREDITS.labels("hold").inc(job.credits)
        return job, opened["replayed"]

    async def get(self, job_id: str) -> Job:
        """Return the job; raises JobNotFound if there is none."""
        return await self._call("get", job_id)

    async def under_way(self, users: list[str]) -> list[str]:
        """Return the ids of the users' jobs that have not ended."""
        return list(await self._database.call("video_job::under_way", users))

    async def submitting(self, job_id: str) -> Job:
        """Record that the request to fal's queue is about to be sent."""
        return await self._call("submitting", job_id, self._limits.silence)

    async def queued(self, job_id: str, request_id: str, position: int | None) -> Job:
        """Record that fal has accepted the job.

        Raises:
            RequestTaken: the request belongs to another job.

        """
        return await self._call("queued", job_id, request_id, position, times.LOOK_AGAIN)

    async def confirm_request(self, job_id: str, request_id: str) -> Job:
        """Record the request that a webhook names; raises RequestTaken as :meth:`queued` does."""
        return await self._call("heard", job_id, request_id, times.LOOK_AGAIN)

    async def unconfirmed(self, job_id: str, *, webhook: bool) -> Job:
        """Fail a job whose submit has no known outcome, or leave it to the webhook."""
        return await self._call("unconfirmed", job_id, webhook)

    async def unanswered(self, job_id: str, *, webhook: bool) -> Job:
        """Do as :meth:`unconfirmed`, if a call ``SECOND_LOOK`` ago found no outcome either."""
        return await self._call("unanswered", job_id, webhook, times.SECOND_LOOK)

    async def progress(self, job_id: str, *, running: bool, position: int | None) -> Job:
        """Record fal's state of an unfinished job."""
        return await self._call("progress", job_id, running, position)

    async def claim(self, job_id: str, holder: str, key_base: str) -> Job | None:
        """Lease the job for its delivery; None if it has ended or is leased to another holder."""
        row = await self._database.call("video_job::claim", job_id, holder, times.LEASE, key_base)
        return self._published(row) if row else None

    async def extend(self, job_id: str, holder: str) -> Job:
        """Extend the lease; raises LeaseLost if another holder has it or the job has ended."""
        return await self._call("extend", job_id, holder, times.LEASE)

    async def release(self, job_id: str, holder: str) -> Job:
        """End the lease of an unfinished job, which is due at once."""
        return await self._call("release", job_id, holder)

    async def rekey(self, job_id: str, holder: str, *, taken: str, key_base: str) -> Job:
        """Reserve the next storage key for the job; raises LeaseLost as :meth:`extend` does."""
        return await self._call("rekey", job_id, holder, taken, key_base)

    async def complete(self, job_id: str, holder: str, video: StoredVideo) -> Job:
        """Charge the job, list its video and complete it; raises LeaseLost as :meth:`extend`."""
        return await self._call("complete", job_id, holder, vars(video))

    async def fail(self, job_id: str, holder: str | None, code: str, message: str) -> Job:
        """End the job without a video and release its hold."""
        return await self._call("fail", job_id, holder, code, message)

    async def ask_to_cancel(self, job_id: str, user: str) -> Job:
        """Record that the user wants to cancel the job.

        Raises:
            JobNotFound: there is no such job, or it belongs to another user.
            JobFinished: it has ended, or its video is being stored.

        """
        return await self._call("ask_to_cancel", job_id, user)

    async def start_image_stored(self, job_id: str) -> Job:
        """Record that the start image is stored, unless the job is deleted."""
        return await self._call("start_image_stored", job_id)

    async def cancelled(self, job_id: str, holder: str | None) -> Job:
        """End the job as cancelled and release its hold."""
        return await self._call("cancelled", job_id, holder)

    async def fail_by_hand(
        self, job_id: str, message: str, action: AdminAction
    ) -> SupportJob | UnreadableJob:
        """End the job for the back office, without a video, and release its hold.

        A job whose row cannot be read is ended, too, but neither published nor counted.

        Raises:
            JobNotFound: there is no such job.
            JobFinished: it has ended, or its video is being stored.

        """
        try:
            row = await self._row("fail_by_hand", job_id, message, vars(action))
        except DatabaseUnavailable as error:
            if not is_unreadable(error):  # it has answered, so it has ended the job
                raise
            return unreadable_job(job_id, error)
        failed = read_support_job(row)
        if isinstance(failed, SupportJob):
            self._published(row)
        return failed

    async def delete(self, job_id: str, user: str) -> Job:
        """Delete the job's video from the library of its user; its objects follow.

        Raises:
            VideoNotFound: the library has no such video, or it belongs to another user.

        """
        try:
            row = await self._database.call("library::delete", job_id, user)
        except Thrown as thrown:
            if thrown.code in {"video_not_found", "job_not_found"}:
                raise VideoNotFound("There is no such video.") from thrown
            raise
        return self._published(row)

    async def erase(self, user: str, job_ids: list[str]) -> int:
        """Delete the videos of ended jobs, empty the jobs' personal fields; return their number."""
        rows = await self._database.call("erasure::erase", user, job_ids)
        return len([self._published(row) for row in rows])

    async def postpone(self, job_id: str, holder: str | None, trouble: Trouble) -> tuple[Job, bool]:
        """Schedule a retry, or fail the job if the trouble has lasted too long.

        The flag is True if this call has scheduled the retry; others find one that is scheduled.
        """
        limits = {
            "count": trouble.count,
            "seconds": trouble.seconds,
            "until_deadline": trouble.until_deadline,
            "wait": trouble.wait,
            "longest_wait": trouble.longest_wait,
        }
        what = {"kind": trouble.kind, "code": trouble.code, "message": trouble.message}
        row = await self._row("postpone", job_id, holder, what, limits)
        postponed = row.get("postponed", False)
        if postponed:
            RETRIES.labels(trouble.kind).inc()
        return self._published(row), postponed

    async def _call(self, function: str, job_id: str, *arguments: Any) -> Job:
        return self._published(await self._row(function, job_id, *arguments))

    async def _row(self, function: str, job_id: str, *arguments: Any) -> Mapping[str, Any]:
        try:
            row: Mapping[str, Any] = await self._database.call(
                f"video_job::{function}", job_id, *arguments
            )
        except Thrown as thrown:
            raise refusal_of_change(thrown, job_id) from thrown
        return row

    def _published(self, row: Mapping[str, Any]) -> Job:
        job = Job.from_row(row)
        if row.get("ended"):
            _record_ending(job)
        self._publish(job)
        return job


def _record_ending(job: Job) -> None:
    """Count and log the change that ended the job: the functions report it once."""
    ENDED.labels(job.status, job.error_code or "", job.fal_model).inc()
    CREDITS.labels("charge" if job.status is Status.COMPLETED else "release").inc(job.credits)
    if job.status is Status.FAILED:
        log.warning("[VIDEO JOB %s] Failed, %s: %s", job.id, job.error_code, job.error)
    elif job.status is Status.CANCELLED:
        log.info("[VIDEO JOB %s] Cancelled", job.id)
