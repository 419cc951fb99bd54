"""The first part of a job: its image goes to fal's storage, and the job into fal's queue.

The request that fal bills is sent at most once for each job.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import stamina

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job, Stage
from app.domain.submission import Submission
from app.errors import FalAnswerLost, FalError, FalRefused, FalUnreachable, RequestTaken
from app.fal.messages import Submitted, encode_arguments
from app.fal.queue import Fal
from app.jobs.cancellations import Cancellations
from app.problems import DatabaseUnavailable, JobNotFound, Problem, SubmitRefused, SubmitUnavailable
from app.server.tasks import BackgroundTasks
from app.telemetry.metrics import CALLBACKS_ASKED

log = logging.getLogger(__name__)

ABANDONED = 1000
"""Abandoned jobs that wait for the database at once; the sweep fails further ones that exist."""

Change = Callable[[], Awaitable[Job]]


class Handover:
    """Hands jobs over to fal. ``timeout`` is in seconds, for the upload and the submit together."""

    def __init__(
        self,
        store: JobStore,
        fal: Fal,
        background: BackgroundTasks,
        *,
        cancellations: Cancellations,
        stopping: asyncio.Event,
        public_url: str | None,
        timeout: float,
    ) -> None:
        self._store = store
        self._fal = fal
        self._background = background
        self._cancellations = cancellations
        self._stopping = stopping
        self._public_url = public_url
        self._timeout = timeout
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def run(self, job: Job, submission: Submission) -> Job:
        """Upload and submit; return the job as it is then.

        A caller who leaves does not stop the handover. When the service stops, the job is returned
        as it is after a short wait: the handover continues while the service drains, and the next
        process resolves what is left.

        Raises:
            SubmitRefused, SubmitUnavailable: fal has not accepted the job, which has failed.
            DatabaseUnavailable: nothing was submitted; the job fails once the database is back.

        """
        running = self._background.start(_handover_of(job.id), self._outcome(job, submission))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            await asyncio.wait({running}, timeout=times.SUBMIT_AT_STOP)
        if not running.done():
            return job
        outcome: Job | Problem = running.result()
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    def is_under_way(self, job_id: str) -> bool:
        """Return whether this process is handing the job over."""
        return self._background.is_under_way(_handover_of(job_id))

    async def resolve_unanswered(self, job: Job) -> None:
        """Fail a silent submit or leave it to the webhook, unless a process may know its outcome.

        This process writes what it knows. Others do so within ``SECOND_LOOK``.
        """
        if self.is_under_way(job.id) or self._background.is_under_way(_late_write_of(job.id)):
            return
        await self._store.unanswered(job.id, webhook=self._public_url is not None)

    def abandon(self, job_id: str) -> None:
        """Fail a job that may exist although its caller got an error.

        It takes the id alone: the write may wait for long, and a submission has an image.
        """
        if len(self._abandoned) >= ABANDONED:
            return
        message = "The database failed while the job was opened. Nothing was charged."

        async def fail() -> None:
            try:
                await self._store.fail(job_id, None, "interrupted", message)
            except JobNotFound:
                return  # the job does not exist, as the caller's error said

        task = self._write_later(job_id, fail)
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)

    async def _outcome(self, job: Job, submission: Submission) -> Job | Problem:
        """Return a problem instead of raising it: its caller may have left."""
        try:
            return await self._hand_over(job, submission)
        except Problem as problem:
            return problem

    async def _hand_over(self, job: Job, submission: Submission) -> Job:
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(deadline):
                body = await self._upload(job, submission)
            job = await self._store.submitting(job.id)
        except (FalError, TimeoutError) as error:
            raise await self._fail_job(job, error) from error
        except DatabaseUnavailable:
            self._write_later(job.id, lambda: self._interrupt(job))
            raise
        except Exception:  # any: the POST is not sent, so nothing stays on hold
            await self._write(job, lambda: self._interrupt(job))
            raise
        if job.stage is Stage.CANCELLING:
            return await self._write(job, lambda: self._store.cancelled(job.id, None))
        if job.stage is not Stage.SUBMITTING:
            return job  # it was resolved meanwhile: a clock was changed, or this machine slept
        if asyncio.get_running_loop().time() >= deadline:
            raise await self._fail_job(job, TimeoutError())
        return await self._submit(job, body, deadline)

    async def _upload(self, job: Job, submission: Submission) -> bytes:
        """Upload the image, and return the body of the request for fal's queue."""
        image_url = await self._fal.upload(
            submission.image.data,
            content_type=submission.image.content_type,
            file_name=f"{job.id}.{submission.image.extension}",
        )
        arguments = submission.template.fal_arguments(submission.variables, image_url=image_url)
        return encode_arguments(arguments)

    async def _interrupt(self, job: Job) -> Job:
        message = "The job could not be handed to fal. Nothing was charged."
        return await self._store.fail(job.id, None, "interrupted", message)

    async def _submit(self, job: Job, body: bytes, deadline: float) -> Job:
        try:
            async with asyncio.timeout_at(deadline):
                submitted = await self._fal.submit(
                    job.fal_model, body, webhook_url=self._webhook_url(job)
                )
        except (FalAnswerLost, TimeoutError):
            log.warning("[VIDEO JOB %s] The answer to the submit was lost", job.id)
            return await self._write(job, lambda: self._resolve_unconfirmed(job))
        except FalError as error:
            raise await self._fail_job(job, error) from error
        except Exception:  # any: the POST may have been sent
            log.exception("[VIDEO JOB %s] A fault in its submit", job.id)
            return await self._write(job, lambda: self._resolve_unconfirmed(job))
        log.info("[VIDEO JOB] Queued job %s for user %s", job.id, job.user_email)
        if self._public_url is not None:
            CALLBACKS_ASKED.inc()
        return await self._write(job, lambda: self._record_queued(job, submitted))

    def _webhook_url(self, job: Job) -> str | None:
        if self._public_url is None:
            return None
        return f"{self._public_url}/api/webhooks/fal?jobId={quote(job.id)}"

    async def _record_queued(self, job: Job, submitted: Submitted) -> Job:
        request_id = submitted.request_id
        try:
            queued = await self._store.queued(job.id, request_id, submitted.queue_position)
        except RequestTaken:
            log.warning("[VIDEO JOB %s] fal named the request of another job", job.id)
            return await self._resolve_unconfirmed(job)
        if queued.status.is_terminal and queued.request_id is None:
            # Support has ended the job meanwhile.
            stop = self._cancellations.stop(job, request_id)
            self._background.start(f"cancel {job.id}", stop)
        return queued

    async def _fail_job(self, job: Job, error: FalError | TimeoutError) -> Problem:
        """Fail the job, release its hold, and return the problem for its caller."""
        message = str(error) or "fal did not answer in time."
        rejected = isinstance(error, FalRefused) and error.is_about_the_job
        kind = SubmitRefused if rejected else SubmitUnavailable
        log.warning("[VIDEO JOB %s] Not queued: %s%s", job.id, message, _advice(error))
        await self._write(job, lambda: self._store.fail(job.id, None, kind.code, message))
        retry_after = error.retry_after if isinstance(error, FalRefused) else None
        return kind(message, job_id=job.id, retry_after=retry_after)

    async def _resolve_unconfirmed(self, job: Job) -> Job:
        """Fail a job that fal may or may not have, or leave it to the webhook."""
        return await self._store.unconfirmed(job.id, webhook=self._public_url is not None)

    async def _write(self, job: Job, change: Change) -> Job:
        """Write what only this process knows; if the database is away, write it later."""
        try:
            return await change()
        except DatabaseUnavailable:
            self._write_later(job.id, change)
            return job

    def _write_later(
        self, job_id: str, change: Callable[[], Awaitable[object]]
    ) -> asyncio.Task[Any]:
        async def write() -> None:
            async for attempt in stamina.retry_context(
                on=DatabaseUnavailable, attempts=None, timeout=None, wait_max=times.LATE_WRITE
            ):
                with attempt:
                    await change()

        return self._background.start(_late_write_of(job_id), write())


def _handover_of(job_id: str) -> str:
    """Return the name of the job's handover among the background tasks."""
    return f"hand over {job_id}"


def _late_write_of(job_id: str) -> str:
    """Return the name of what is written when the database is back, among the background tasks."""
    return f"write {job_id}"


def _advice(error: FalError | TimeoutError) -> str:
    """Return advice for the operator about the error."""
    match error:
        case FalUnreachable():
            return (
                f" ({error.__cause__}; check the connection to fal, HTTPS_PROXY and SSL_CERT_FILE)"
            )
    return ""
