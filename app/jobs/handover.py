"""The first leg of a job: the canvas goes into fal's storage, the job into fal's queue."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import stamina

from app.api.identity import Caller
from app.database.job_store import JobStore
from app.domain.job import Job, Stage
from app.domain.terms import Draft
from app.errors import (
    DatabaseUnavailable,
    FalAnswerLost,
    FalError,
    FalRefused,
    FalUnreachable,
    JobNotFound,
    Problem,
    RequestTaken,
    SubmitRefused,
    SubmitUnavailable,
)
from app.fal.queue import Fal, Submitted
from app.jobs.snapshots import Watch
from app.media.start_images import StartImage
from app.server.tasks import Background
from app.telemetry.metrics import CALLBACKS_ASKED

log = logging.getLogger(__name__)

Change = Callable[[], Awaitable[Job]]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a user sent: the canvas byte for byte, and what to make of it."""

    caller: Caller
    image: bytes
    measured: StartImage
    template_slug: str
    variables: Any
    idempotency_key: str | None

    @property
    def fingerprint(self) -> str:
        """Tell two submits with one idempotency key apart."""
        what = json.dumps([self.template_slug, self.variables], sort_keys=True)
        return hashlib.sha256(what.encode() + b"\0" + self.image).hexdigest()


class Handover:
    """Hands jobs over to fal; the paid call is made at most once a job."""

    def __init__(
        self,
        *,
        store: JobStore,
        fal: Fal,
        watch: Watch,
        background: Background,
        public_url: str | None,
        timeout: float,
    ) -> None:
        self._store = store
        self._fal = fal
        self._watch = watch
        self._background = background
        self._public_url = public_url
        self._timeout = timeout

    async def run(self, job: Job, draft: Draft, submission: Submission) -> Job:
        """Upload and submit within the timeout of both.

        Raises:
            SubmitRefused, SubmitUnavailable: fal has not taken the job, which has failed.

        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(deadline):
                image_url = await self._fal.upload(
                    submission.image,
                    content_type=submission.measured.content_type,
                    file_name=f"{job.id}.{submission.measured.extension}",
                )
        except (FalError, TimeoutError) as error:
            raise await self._refusal(job, error) from error
        job = await self._announced(job)
        if job.stage is Stage.CANCELLING:
            return await self._store.cancelled(job.id, None)
        if job.stage is not Stage.SUBMITTING:
            return job  # settled meanwhile: a clock has leapt, or this machine was asleep
        if asyncio.get_running_loop().time() >= deadline:  # so nothing has been submitted
            raise await self._refusal(job, TimeoutError())
        try:
            async with asyncio.timeout_at(deadline):
                submitted = await self._fal.submit(
                    job.fal_model,
                    draft.template.fal_arguments(draft.variables, image_url=image_url),
                    webhook_url=self._webhook_url(job),
                )
        except (FalAnswerLost, TimeoutError):
            log.warning("[VIDEO JOB %s] The answer to the submit was lost", job.id)
            return await self.settle(job)
        except FalError as error:
            raise await self._refusal(job, error) from error
        log.info("[VIDEO JOB] Queued job %s for user %s", job.id, job.user_email)
        if self._public_url is not None:
            CALLBACKS_ASKED.inc()
        return await self._written(job, lambda: self._queued(job, submitted))

    def disown(self, draft: Draft) -> None:
        """End a job that may have been opened for a caller who was told that it was not."""
        message = "The database failed while the job was opened. Nothing was charged."

        async def end() -> Job | None:
            try:
                return await self._store.fail(draft.id, None, "interrupted", message)
            except JobNotFound:
                return None  # as the caller was told

        self._write_later(draft.id, end)

    async def settle(self, job: Job) -> Job:
        """Decide on a job of which nobody knows whether fal has it."""
        return await self._store.unconfirmed(job.id, webhook=self._public_url is not None)

    def _webhook_url(self, job: Job) -> str | None:
        if self._public_url is None:
            return None
        return f"{self._public_url}/api/webhooks/fal?jobId={quote(job.id)}"

    async def _announced(self, job: Job) -> Job:
        """Write down that the POST is about to leave: without that it does not."""
        try:
            return await self._store.submitting(job.id)
        except DatabaseUnavailable:
            message = "The database failed before the job was handed to fal. Nothing was charged."
            self._write_later(
                job.id, lambda: self._store.fail(job.id, None, "interrupted", message)
            )
            raise

    async def _queued(self, job: Job, submitted: Submitted) -> Job:
        try:
            return await self._store.queued(job.id, submitted.request_id, submitted.queue_position)
        except RequestTaken:
            log.warning("[VIDEO JOB %s] fal named the request of another job", job.id)
            return await self.settle(job)

    async def _refusal(self, job: Job, error: FalError | TimeoutError) -> Problem:
        """Fail the job, release its hold, and return what its user is told."""
        message = str(error) or "fal did not answer in time."
        rejected = isinstance(error, FalRefused) and error.is_about_the_job
        kind = SubmitRefused if rejected else SubmitUnavailable
        log.warning("[VIDEO JOB %s] Not queued: %s%s", job.id, message, _advice(error))
        await self._written(job, lambda: self._store.fail(job.id, None, kind.code, message))
        retry_after = error.retry_after if isinstance(error, FalRefused) else None
        return kind(message, job_id=job.id, retry_after=retry_after)

    async def _written(self, job: Job, change: Change) -> Job:
        """Write down what only this process knows, later where the database is away."""
        try:
            job = await change()
        except DatabaseUnavailable:
            self._write_later(job.id, change)
        self._watch.publish(job)
        return job

    def _write_later(self, job_id: str, change: Callable[[], Awaitable[Job | None]]) -> None:
        async def write() -> None:
            async for attempt in stamina.retry_context(
                on=DatabaseUnavailable, attempts=None, timeout=None, wait_max=5.0
            ):
                with attempt:
                    job = await change()
                    if job is not None:
                        self._watch.publish(job)

        self._background.start(f"write down {job_id}", write())


def _advice(error: FalError | TimeoutError) -> str:
    """Return what an operator can do about it; to its user the reason has to do."""
    match error:
        case FalRefused(status=HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN):
            return " (check FAL_KEY, and whether its account is locked or out of money)"
        case FalUnreachable():
            return f" ({error.__cause__}; check the line to fal, HTTPS_PROXY and SSL_CERT_FILE)"
    return ""
