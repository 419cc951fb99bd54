"""Jobs, credits and the library in SurrealDB: one method a function of ``schema/functions``.

Every method may be called again after a :class:`~app.errors.DatabaseUnavailable`.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app import times
from app.database.client import Database
from app.database.connection import Thrown
from app.domain.job import Job, Status
from app.domain.terms import Draft, Limits, StoredVideo, Trouble
from app.errors import (
    ConfigurationError,
    IdempotencyMismatch,
    InsufficientCredits,
    JobFinished,
    JobNotFound,
    LeaseLost,
    Problem,
    RateLimited,
    RequestTaken,
    TooManyJobs,
)
from app.telemetry.metrics import CREDITS, ENDED, RETRIES, SUBMITTED
from app.templates.template import Template

log = logging.getLogger(__name__)

ENDING = {"complete", "fail", "cancelled", "postpone", "unconfirmed"}
"""The functions that may end a job."""


class JobStore:
    """The one door for every change of a job's state."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    async def open(self, draft: Draft) -> tuple[Job, bool]:
        """Hold the credits and write the row; True tells that the key had started a job before.

        Raises:
            InsufficientCredits, TooManyJobs, RateLimited, IdempotencyMismatch: nothing is left.

        """
        what = {
            "id": draft.id,
            "user": draft.user,
            "user_email": draft.user_email,
            "template_slug": draft.template.slug,
            "variables": dict(draft.variables),
            "fal_model": draft.template.fal_model,
            "credits": draft.template.credits,
        }
        limits = vars(self._limits)
        once = draft.idempotency_key and {
            "key": draft.idempotency_key,
            "fingerprint": draft.fingerprint,
        }
        try:
            opened = await self._database.call("video_job::open", what, limits, once)
        except Thrown as thrown:
            raise self._refusal(thrown, draft) from thrown
        job = Job.from_row(opened["job"])
        if not opened["replayed"]:
            SUBMITTED.labels(job.fal_model).inc()
            CREDITS.labels("hold").inc(job.credits)
        return job, opened["replayed"]

    def _refusal(self, thrown: Thrown, draft: Draft) -> Problem | Thrown:
        match thrown.code:
            case "insufficient_credits":
                return InsufficientCredits(
                    f"{draft.template.title} costs {draft.template.credits} credits, and fewer "
                    "are available."
                )
            case "too_many_jobs":
                return TooManyJobs(
                    f"At most {self._limits.in_flight} videos are made at a time.", retry_after=10
                )
            case "rate_limited":
                return RateLimited(
                    f"At most {self._limits.per_minute} videos a minute.",
                    retry_after=int(thrown.argument),
                )
            case "idempotency_mismatch":
                return IdempotencyMismatch("The Idempotency-Key was used with other content.")
        return thrown

    async def get(self, job_id: str) -> Job:
        """Return the job as it stands.

        Raises:
            JobNotFound: there is none.

        """
        return await self._change("get", job_id)

    async def under_way(self, users: list[str]) -> list[str]:
        """Return the ids of the users' jobs that have not ended."""
        return list(await self._database.call("video_job::under_way", users))

    async def submitting(self, job_id: str) -> Job:
        """Note that fal's queue is about to be called."""
        return await self._change("submitting", job_id, self._limits.silence)

    async def queued(self, job_id: str, request_id: str, position: int | None) -> Job:
        """Note that fal has accepted the job.

        Raises:
            RequestTaken: the request belongs to another job.

        """
        return await self._change("queued", job_id, request_id, position, times.LOOK_AGAIN)

    async def heard(self, job_id: str, request_id: str) -> Job:
        """Note what a callback says; raises RequestTaken as :meth:`queued` does."""
        return await self._change("heard", job_id, request_id, times.LOOK_AGAIN)

    async def unconfirmed(self, job_id: str, *, webhook: bool) -> Job:
        """Settle a submit of which nobody knows whether it arrived."""
        return await self._change("unconfirmed", job_id, webhook)

    async def progress(self, job_id: str, *, running: bool, position: int | None) -> Job:
        """Note fal's word on a job that it has not finished."""
        return await self._change("progress", job_id, running, position)

    async def claim(self, job_id: str, holder: str, key_base: str) -> Job | None:
        """Take the job to deliver it; None where it has ended or somebody else has it."""
        row = await self._database.call("video_job::claim", job_id, holder, times.LEASE, key_base)
        return Job.from_row(row) if row else None

    async def extend(self, job_id: str, holder: str) -> Job:
        """Keep the lease.

        Raises:
            LeaseLost: it has passed to another, or the job has ended.

        """
        return await self._change("extend", job_id, holder, times.LEASE)

    async def release(self, job_id: str, holder: str) -> Job:
        """Hand the job back unfinished; somebody will look at it at once."""
        return await self._change("release", job_id, holder)

    async def rekey(self, job_id: str, holder: str, *, taken: str, key_base: str) -> Job:
        """Give the job the next storage key; raises LeaseLost as :meth:`extend` does."""
        return await self._change("rekey", job_id, holder, taken, key_base)

    async def complete(self, job_id: str, holder: str, video: StoredVideo) -> Job:
        """Charge, file and complete; raises LeaseLost as :meth:`extend` does."""
        return await self._change("complete", job_id, holder, vars(video))

    async def fail(self, job_id: str, holder: str | None, code: str, message: str) -> Job:
        """End the job without a video and release its hold."""
        return await self._change("fail", job_id, holder, code, message)

    async def ask_to_cancel(self, job_id: str, user: str) -> Job:
        """Note the wish of the job's user to end it.

        Raises:
            JobNotFound: there is none, or it is somebody else's.
            JobFinished: it has ended, or its video is being stored.

        """
        return await self._change("ask_to_cancel", job_id, user)

    async def cancelled(self, job_id: str, holder: str | None) -> Job:
        """End the job at its user's wish and release its hold."""
        return await self._change("cancelled", job_id, holder)

    async def postpone(self, job_id: str, holder: str | None, trouble: Trouble) -> Job:
        """Let the job be looked at again later, or fail it once that has gone on too long."""
        limits = {
            "count": trouble.count,
            "seconds": trouble.seconds,
            "wait": trouble.wait,
            "longest_wait": trouble.longest_wait,
        }
        what = {"kind": trouble.kind, "code": trouble.code, "message": trouble.message}
        job = await self._change("postpone", job_id, holder, what, limits)
        if not job.status.is_terminal:
            RETRIES.labels(trouble.kind).inc()
        return job

    async def take_due(self, limit: int) -> list[Job]:
        """Return jobs that nobody has looked at in time; each goes to one caller."""
        jobs = []
        for row in await self._database.call("video_job::take_due", limit, times.LOOK_AGAIN):
            try:
                jobs.append(Job.from_row(row))
            except (ValueError, TypeError, KeyError) as error:
                log.error("%s cannot be read: %r", row["id"], error)  # noqa: TRY400 see the line
        return jobs

    async def credits(self, user: str) -> dict[str, Any]:
        """Return ``{balance, held, entries}``, the latest 50 entries first."""
        return dict(await self._database.call("credit::statement", user, self._limits.signup_grant))

    async def library(
        self,
        user: str,
        *,
        template_slug: str | None,
        limit: int,
        before: tuple[datetime, str] | None,
    ) -> list[Mapping[str, Any]]:
        """Return the user's videos, newest first, from below the time and job of ``before``."""
        page = (user, template_slug, limit, *(before or (None, None)))
        return list(await self._database.call("library::page", *page))

    async def templates(self) -> list[Template]:
        """Return the catalogue in the order of its slugs."""
        templates = []
        for row in await self._database.query("SELECT * FROM template ORDER BY id"):
            try:
                templates.append(Template.from_row(row, slug=str(row["id"].id)))
            except ConfigurationError as error:  # the others are on offer all the same
                log.error("Left out: %s", error)  # noqa: TRY400 the line says it all
        return templates

    async def _change(self, function: str, job_id: str, *arguments: Any) -> Job:
        try:
            row = await self._database.call(f"video_job::{function}", job_id, *arguments)
        except Thrown as thrown:
            match thrown.code:
                case "job_not_found":
                    raise JobNotFound("There is no such job.") from thrown
                case "job_finished":
                    raise JobFinished("The job has ended, or is just about to.") from thrown
                case "lease_lost":
                    raise LeaseLost(job_id) from thrown
                case "request_taken":
                    raise RequestTaken(job_id) from thrown
            raise
        job = Job.from_row(row)
        if function in ENDING and job.status.is_terminal:
            ENDED.labels(job.status, job.error_code or "", job.fal_model).inc()
            paid = job.status is Status.COMPLETED
            CREDITS.labels("charge" if paid else "release").inc(job.credits)
        return job
