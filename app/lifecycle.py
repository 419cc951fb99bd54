"""The story of a job, from the click to the video in the library.

submit → (fal works) → refresh → deliver. ``refresh`` and ``deliver`` may be called by anyone at
any time, a poll, the webhook or the sweep: recovery after a crash is the normal way taken again.
"""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import stamina
import uuid_utils

from app.adapters.fal import Fal, Progress, Submitted
from app.adapters.job_store import Draft, JobStore, Trouble
from app.background import Background
from app.catalogue import Catalogue
from app.delivery import Delivery
from app.errors import (
    DatabaseUnavailable,
    FalAnswerLost,
    FalError,
    FalNotFound,
    FalRefused,
    FalUnavailable,
    Problem,
    SubmitRefused,
    SubmitUnavailable,
)
from app.identity import Caller
from app.images import StartImage
from app.jobs import Job, Stage
from app.watch import Watch

log = logging.getLogger(__name__)

UNKNOWN_TO_FAL = Trouble(
    kind="unknown_to_fal",
    code="fal_unavailable",
    message="fal no longer knows this job. Nothing was charged.",
    seconds=600,
)
CANCEL_PATIENCE = 5.0
"""Seconds that an expired job's cancellation at fal may take."""


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


class Lifecycle:
    """Carries jobs from one state to the next; every change goes through the store's functions."""

    def __init__(
        self,
        *,
        store: JobStore,
        fal: Fal,
        catalogue: Catalogue,
        delivery: Delivery,
        watch: Watch,
        background: Background,
        public_url: str | None,
        submit_timeout: float,
    ) -> None:
        self._store = store
        self._fal = fal
        self._catalogue = catalogue
        self._delivery = delivery
        self._watch = watch
        self._background = background
        self._public_url = public_url
        self._submit_timeout = submit_timeout

    async def submit(self, submission: Submission) -> tuple[Job, bool]:
        """Queue a job at fal; True tells that its idempotency key had done so before.

        Raises:
            Problem: refused, with nothing held and nothing left at fal.

        """
        template = await self._catalogue.get(submission.template_slug)
        draft = Draft(
            id=str(uuid_utils.uuid7()),
            user=submission.caller.user,
            user_email=submission.caller.email,
            template=template,
            variables=template.check(submission.variables),
            idempotency_key=submission.idempotency_key,
            fingerprint=submission.fingerprint,
        )
        job, replayed = await self._store.open(draft)
        if not replayed:
            self._watch.publish(job)
            log.info("✓ Job saved to database")
            job = await self._hand_over(job, draft, submission)
            self._watch.publish(job)
        return job, replayed

    async def _hand_over(self, job: Job, draft: Draft, submission: Submission) -> Job:
        deadline = asyncio.get_running_loop().time() + self._submit_timeout
        try:
            async with asyncio.timeout_at(deadline):
                image_url = await self._fal.upload(
                    submission.image,
                    content_type=submission.measured.content_type,
                    file_name=f"{job.id}.{submission.measured.extension}",
                )
        except (FalError, TimeoutError) as error:
            raise await self._refusal(job, error) from error
        await self._store.submitting(job.id)
        try:
            async with asyncio.timeout_at(deadline):
                submitted = await self._fal.submit(
                    job.fal_model,
                    draft.template.to_fal(draft.variables, image_url=image_url),
                    webhook_url=self._webhook_url(job),
                )
        except (FalAnswerLost, TimeoutError):
            log.warning("[VIDEO JOB %s] The answer to the submit was lost", job.id)
            return await self._store.unconfirmed(job.id, webhook=self._public_url is not None)
        except FalError as error:
            raise await self._refusal(job, error) from error
        log.info("[VIDEO JOB] Queued job %s for user %s", job.id, job.user_email)
        return await self._note_queued(job, submitted)

    def _webhook_url(self, job: Job) -> str | None:
        if self._public_url is None:
            return None
        return f"{self._public_url}/api/webhooks/fal?jobId={quote(job.id)}"

    async def _refusal(self, job: Job, error: FalError | TimeoutError) -> Problem:
        """Fail the job, release its hold, and return what its user is told."""
        message = str(error) or "fal did not answer in time."
        rejected = isinstance(error, FalRefused) and error.is_about_the_job
        kind = SubmitRefused if rejected else SubmitUnavailable
        log.warning("[VIDEO JOB %s] Not queued: %s", job.id, message)
        self._watch.publish(await self._store.fail(job.id, None, kind.code, message))
        retry_after = error.retry_after if isinstance(error, FalRefused) else None
        return kind(message, job_id=job.id, retry_after=retry_after)

    async def _note_queued(self, job: Job, submitted: Submitted) -> Job:
        """Keep fal's request id, however long the database is away: nobody else knows it."""
        try:
            return await self._queued(job, submitted)
        except DatabaseUnavailable:
            self._background.start(f"note {job.id}", self._note_later(job, submitted))
            return job

    async def _note_later(self, job: Job, submitted: Submitted) -> None:
        async for attempt in stamina.retry_context(
            on=DatabaseUnavailable, attempts=None, timeout=None, wait_max=5.0
        ):
            with attempt:
                self._watch.publish(await self._queued(job, submitted))

    async def _queued(self, job: Job, submitted: Submitted) -> Job:
        return await self._store.queued(job.id, submitted.request_id, submitted.queue_position)

    async def latest(self, job_id: str) -> Job:
        """Return the job, asking fal at most once a second for all who want to know.

        Raises:
            JobNotFound: there is no such job.
            DatabaseUnavailable: the job could not be read.

        """
        return await self._watch.latest(job_id, self.refresh)

    async def refresh(self, job_id: str) -> Job:
        """Ask fal how the job stands and carry it on; raises as :meth:`latest` does."""
        job = await self._store.get(job_id)
        self._watch.publish(job)
        if not job.is_with_fal or job.request_id is None:
            return job
        try:
            progress = await self._fal.status(job.fal_model, job.request_id)
        except FalNotFound:
            return await self._postpone(job, UNKNOWN_TO_FAL)
        except FalUnavailable as error:
            log.info("[VIDEO JOB %s] Status: unknown (%s)", job.id, error)
            return job
        return await self._carry_on(job, progress)

    async def _carry_on(self, job: Job, progress: Progress) -> Job:
        if progress.state == "completed":
            log.info("[VIDEO JOB %s] Status: COMPLETED", job.id)
            self.deliver(job)
            return job
        running = progress.state == "running"
        stage = Stage.GENERATING if running else Stage.QUEUED
        if job.stage is stage and job.queue_position == progress.queue_position:
            if not job.troubled:
                return job
        else:
            log.info("[VIDEO JOB %s] Status: %s", job.id, "IN_PROGRESS" if running else "IN_QUEUE")
        return await self._store.progress(job.id, running=running, position=progress.queue_position)

    def deliver(self, job: Job) -> None:
        """Fetch, store, charge and file the job's video in the background."""
        self._background.start(f"deliver {job.id}", self._delivery.run(job))

    async def attend(self, job: Job) -> None:
        """Do whatever a job needs that nobody has looked at in time."""
        if job.expired:
            await self._expire(job)
        elif job.stage is Stage.SUBMITTING:
            webhook = self._public_url is not None
            self._watch.publish(await self._store.unconfirmed(job.id, webhook=webhook))
        elif job.stage is Stage.STORING:
            self.deliver(job)
        else:
            await self.latest(job.id)

    async def _expire(self, job: Job) -> None:
        if job.request_id is not None:
            try:
                async with asyncio.timeout(CANCEL_PATIENCE):
                    await self._fal.cancel(job.fal_model, job.request_id)
            except (FalError, TimeoutError) as error:
                log.warning("[VIDEO JOB %s] Not cancelled at fal: %s", job.id, error)
        message = "The video was not finished in time. Nothing was charged."
        self._watch.publish(await self._store.fail(job.id, None, "deadline_exceeded", message))

    async def _postpone(self, job: Job, trouble: Trouble) -> Job:
        return await self._store.postpone(job.id, None, trouble)
