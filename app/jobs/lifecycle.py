"""The story of a job, from the click to the video in the library.

submit → (fal works) → refresh → deliver. ``refresh`` and ``deliver`` may be called by anyone at
any time, a poll, the webhook or the sweep: recovery after a crash is the normal way taken again.
"""

import asyncio
import logging

import uuid_utils

from app.database.job_store import JobStore
from app.domain.job import Job, Stage
from app.domain.terms import Draft, Trouble
from app.errors import (
    DatabaseUnavailable,
    FalError,
    FalNotFound,
    FalUnavailable,
    JobNotFound,
    Problem,
    RequestTaken,
    SubmitUnavailable,
)
from app.fal.queue import Fal, Progress
from app.jobs.delivery import Delivery
from app.jobs.handover import Handover, Submission
from app.jobs.snapshots import Watch
from app.server.tasks import Background
from app.telemetry import context
from app.templates.catalogue import Catalogue

log = logging.getLogger(__name__)

UNKNOWN_TO_FAL = Trouble(
    kind="unknown_to_fal",
    code="fal_unavailable",
    message="fal no longer knows this job. Nothing was charged.",
    seconds=600,
)
FAL_PATIENCE = 1.0
"""Seconds that whoever cancels, or calls back, waits for fal's word."""
STOP_PATIENCE = 3.0
"""Seconds that a submit still waits for fal once the service stops."""
CANCEL_PATIENCE = 5.0
"""Seconds that an expired job's cancellation at fal may take."""


class Lifecycle:
    """Carries jobs from one state to the next; every change goes through the store's functions."""

    def __init__(
        self,
        *,
        store: JobStore,
        fal: Fal,
        catalogue: Catalogue,
        handover: Handover,
        delivery: Delivery,
        watch: Watch,
        background: Background,
        stopping: asyncio.Event,
    ) -> None:
        self._store = store
        self._fal = fal
        self._catalogue = catalogue
        self._handover = handover
        self._delivery = delivery
        self._watch = watch
        self._background = background
        self._stopping = stopping

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
            variables=template.check_variables(submission.variables),
            idempotency_key=submission.idempotency_key,
            fingerprint=submission.fingerprint,
        )
        context.job_id.set(draft.id)
        try:
            job, replayed = await self._store.open(draft)
        except DatabaseUnavailable:
            self._handover.disown(draft)
            raise
        if not replayed:
            self._watch.publish(job)
            log.info("✓ Job saved to database")
            job = await self._handed_over(job, draft, submission)
            self._watch.publish(job)
            if job.stage is Stage.CANCELLING:
                self._background.start(f"cancel {job.id}", self._cancel_at_fal(job))
        return job, replayed

    async def _handed_over(self, job: Job, draft: Draft, submission: Submission) -> Job:
        """Wait for fal's word on the job; where the service stops, not for long.

        The job is then acknowledged as it is: what has begun goes on while the service drains,
        and whoever starts next settles the rest.
        """

        async def outcome() -> Job | Problem:
            try:
                return await self._handover.run(job, draft, submission)
            except Problem as problem:
                return problem

        handing = self._background.start(f"hand over {job.id}", outcome())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({handing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not handing.done():
            await asyncio.wait({handing}, timeout=STOP_PATIENCE)
        if not handing.done():
            return self._watch.known(job.id) or job
        word: Job | Problem = handing.result()
        if isinstance(word, Problem):
            raise word
        return word

    async def latest(self, job_id: str) -> Job:
        """Return the job, asking fal at most once a second for all who want to know.

        Raises:
            JobNotFound: there is no such job.
            DatabaseUnavailable: the job could not be read.

        """
        self._watch.notice(job_id)
        return await self._watch.latest(job_id, self.refresh)

    async def refresh(self, job_id: str) -> Job:
        """Ask fal how the job stands and carry it on; raises as :meth:`latest` does."""
        context.job_id.set(job_id)
        if self._background.is_under_way(_delivery_of(job_id)):
            return await self._store.get(job_id)  # fal is done; somebody else may be faster
        job = await self._with_fal(job_id)
        if not job.is_with_fal or job.request_id is None:
            return job
        try:
            progress = await self._fal.status(job.fal_model, job.request_id)
        except FalNotFound:
            return await self._postpone(job, UNKNOWN_TO_FAL)
        except FalUnavailable as error:
            log.info("[VIDEO JOB %s] Status: unknown (%s)", job.id, error)
            return await self._store.get(job_id)
        if progress.state == "completed":
            log.info("[VIDEO JOB %s] Status: COMPLETED", job.id)
            self.deliver(job)
            return job
        return await self._noted(job, progress)

    async def _with_fal(self, job_id: str) -> Job:
        """Return the job as it is known where that is with fal, else as the database has it.

        Others may have carried it on meanwhile; whatever fal's word leads to tells so.
        """
        known = self._watch.known(job_id)
        if known is not None and known.is_with_fal:
            return known
        job = await self._store.get(job_id)
        self._watch.publish(job)
        return job

    async def _noted(self, job: Job, progress: Progress) -> Job:
        running = progress.state == "running"
        now = await self._store.progress(job.id, running=running, position=progress.queue_position)
        if now.revision != job.revision:
            log.info("[VIDEO JOB %s] Status: %s", job.id, "IN_PROGRESS" if running else "IN_QUEUE")
        return now

    async def heard(self, job_id: str, request_id: str) -> None:
        """Follow a hint of fal's: the job of ours that it names is looked at soon.

        A hint may be early, late, repeated, or about a job that is none of ours.
        """
        context.job_id.set(job_id)
        try:
            job = await self._with_fal(job_id)
        except JobNotFound:
            log.warning("[VIDEO JOB %s] fal's webhook is about no such job", job_id)
            return
        if job.request_id is None and not job.status.is_terminal:
            job = await self._adopted(job, request_id)
        if job.request_id != request_id:
            log.warning("[VIDEO JOB %s] fal's webhook is about another request", job_id)
        elif not job.status.is_terminal:
            self._background.start(f"look at {job_id}", self._watch.hint(job_id, self.refresh))

    async def _adopted(self, job: Job, request_id: str) -> Job:
        """Learn the job's request from fal's webhook: it is faster than the answer to the submit.

        Or that answer was lost. Every customer of fal's can have a callback signed, so fal is
        asked whether the request is one of ours.
        """
        try:
            async with asyncio.timeout(FAL_PATIENCE):
                await self._fal.status(job.fal_model, request_id)
        except (FalNotFound, FalUnavailable, TimeoutError) as error:
            # Also where fal does not know it: it may not yet, and another's callback is no loss.
            log.warning("[VIDEO JOB %s] fal does not confirm its webhook: %s", job.id, error)
            raise SubmitUnavailable("fal does not confirm the request; call back later.") from error
        try:
            job = await self._store.heard(job.id, request_id)
        except RequestTaken:
            return job
        self._watch.publish(job)
        return job

    async def cancel(self, job_id: str, user: str) -> Job:
        """Ask fal to end the user's job; what becomes of it is fal's word.

        Raises:
            JobNotFound: there is none, or it is somebody else's.
            JobFinished: it has ended, or its video is being stored.

        """
        context.job_id.set(job_id)
        now = asyncio.get_running_loop().time
        until = now() + FAL_PATIENCE
        job = await self._store.ask_to_cancel(job_id, user)
        self._watch.publish(job)
        if job.request_id is not None:
            asked = self._background.start(f"cancel {job.id}", self._cancel_at_fal(job))
            await asyncio.wait({asked}, timeout=max(0.0, until - now()))
        return self._watch.known(job_id) or job

    async def _cancel_at_fal(self, job: Job) -> None:
        assert job.request_id is not None, "only a job that fal has accepted is cancelled there"
        try:
            outcome = await self._fal.cancel(job.fal_model, job.request_id)
        except FalNotFound:  # dropped by a call whose answer was lost, or not known there yet
            self._watch.publish(await self._postpone(job, UNKNOWN_TO_FAL))
            return
        except FalError as error:
            log.warning("[VIDEO JOB %s] Not cancelled yet: %s", job.id, error)
            return
        log.info("[VIDEO JOB %s] Cancel: %s", job.id, outcome)
        if outcome == "cancelled":
            self._watch.publish(await self._store.cancelled(job.id, None))
        else:
            await self._watch.hint(job.id, self.refresh)

    def deliver(self, job: Job) -> None:
        """Fetch, store, charge and file the job's video in the background."""
        self._background.start(_delivery_of(job.id), self._delivery.run(job))

    async def attend(self, job: Job) -> None:
        """Do whatever a job needs that nobody has looked at in time."""
        context.job_id.set(job.id)
        self._watch.publish(job)
        if job.expired:
            await self._expire(job)
        elif job.request_id is None:
            self._watch.publish(await self._handover.settle(job))
        elif job.stage is Stage.STORING:
            self.deliver(job)
        elif job.stage is Stage.CANCELLING:
            await self._cancel_at_fal(job)
        elif not self._watch.is_watched(job.id):
            await self._watch.latest(job.id, self.refresh)

    async def _expire(self, job: Job) -> None:
        if job.request_id is not None:
            try:
                async with asyncio.timeout(CANCEL_PATIENCE):
                    await self._fal.cancel(job.fal_model, job.request_id)
            except (FalError, TimeoutError) as error:
                log.warning("[VIDEO JOB %s] Not cancelled at fal: %s", job.id, error)
        if job.stage is Stage.CANCELLING:
            self._watch.publish(await self._store.cancelled(job.id, None))
            return
        message = "The video was not finished in time. Nothing was charged."
        self._watch.publish(await self._store.fail(job.id, None, "deadline_exceeded", message))

    async def _postpone(self, job: Job, trouble: Trouble) -> Job:
        log.warning("[VIDEO JOB %s] Tried again later: %s", job.id, trouble.message)
        return await self._store.postpone(job.id, None, trouble)


def _delivery_of(job_id: str) -> str:
    """Name the delivery as it is known in the background."""
    return f"deliver {job_id}"
