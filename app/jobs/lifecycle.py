"""The life cycle of a job, from the submit to the video in the library.

submit → (fal generates) → refresh → deliver. A poll, the webhook and the sweep may call
``refresh`` and ``deliver`` at any time: recovery after a crash uses the same calls.
"""

import asyncio
import logging

from app import times
from app.database.job_store import JobStore
from app.domain.admin_action import AdminAction
from app.domain.job import DueJob, Job, Stage
from app.domain.submission import Submission
from app.domain.support_job import SupportJob, UnreadableJob
from app.errors import FalNotFound, FalUnavailable
from app.fal.messages import Progress
from app.fal.queue import Fal
from app.jobs.cancellations import Cancellations
from app.jobs.delivery import Delivery
from app.jobs.handover import Handover
from app.jobs.kept_start_images import KeptStartImages
from app.jobs.snapshots import Snapshots
from app.jobs.troubles import record_unknown
from app.problems import DatabaseUnavailable
from app.server.tasks import BackgroundTasks
from app.telemetry import context

log = logging.getLogger(__name__)

ENDED_BY_SUPPORT = "Support ended this job. Nothing was charged."
"""What its user reads; the reason is for the back office."""
FIRST_SUBMIT_LOOK = 0.2
"""Seconds between two looks at the first submit with a key."""


class Lifecycle:
    """Moves jobs from one state to the next; the store records and publishes every change."""

    def __init__(
        self,
        store: JobStore,
        fal: Fal,
        handover: Handover,
        delivery: Delivery,
        snapshots: Snapshots,
        *,
        cancellations: Cancellations,
        start_images: KeptStartImages,
        background: BackgroundTasks,
    ) -> None:
        self._store = store
        self._fal = fal
        self._handover = handover
        self._delivery = delivery
        self._snapshots = snapshots
        self._cancellations = cancellations
        self._start_images = start_images
        self._background = background

    def expect_submit(self) -> None:
        """Open lines to fal for a submit that is on its way, if they may be closed."""
        if self._fal.lines.may_be_closed:
            self._background.start("open lines to fal", self._fal.lines.open())

    async def submit(self, submission: Submission) -> tuple[Job, bool]:
        """Queue a job at fal. The flag is True if its idempotency key has done so before.

        Raises:
            Problem: the submit is refused; no credits are held, and fal has no job.

        """
        context.job_id.set(submission.job_id)
        job, replayed = await self._opened(submission)
        if replayed and await self._is_undone(job):
            job, replayed = await self._opened(submission)
        if replayed:
            context.job_id.set(job.id)
            return job, True
        log.info("✓ Job saved to database")
        async with self._start_images.keeping(job, submission.image.data):
            job = await self._handover.run(job, submission)
        if job.stage is Stage.CANCELLING and job.request_id is not None:
            self._background.start(f"cancel {job.id}", self._cancel_at_fal(job))
        return job, False

    async def _opened(self, submission: Submission) -> tuple[Job, bool]:
        """Create the job; if the answer is lost, ask once more with the same id.

        The second call answers as the first one did. If it gets no answer in time either, the
        caller is told so, and the job is failed in case it exists.
        """
        start_key = self._start_images.key_of(submission)
        try:
            async with asyncio.timeout(times.DATABASE_CALL):
                try:
                    return await self._store.open(submission, start_key=start_key)
                except DatabaseUnavailable:
                    return await self._store.open(submission, start_key=start_key)
        except TimeoutError as error:
            self._handover.abandon(submission.job_id)
            raise DatabaseUnavailable from error
        except DatabaseUnavailable:
            self._handover.abandon(submission.job_id)
            raise

    async def _is_undone(self, first: Job) -> bool:
        """Return whether the first submit with a key has failed, so that the key is free.

        A process that got no answer to the opening of a job fails it later: a repeat that was
        answered with this job at once would be told of a success.
        """
        now = asyncio.get_running_loop().time
        until = now() + times.FIRST_SUBMIT
        while (
            first.stage is Stage.SUBMITTING
            and not self._handover.is_under_way(first.id)
            and now() < until
        ):
            await asyncio.sleep(FIRST_SUBMIT_LOOK)
            first = await self._store.get(first.id)
        return first.status.is_terminal and first.request_id is None

    def fresh(self, job_id: str) -> Job | None:
        """Return what :meth:`latest` returns, if that is known without asking anyone."""
        return self._snapshots.fresh(job_id)

    def is_shared(self, job_id: str) -> bool:
        """Return whether :meth:`latest` costs nothing, since others have asked for the job."""
        return self._snapshots.is_shared(job_id)

    async def latest(self, job_id: str) -> Job:
        """Return the job, asking fal at most once a second for all callers together.

        Raises:
            JobNotFound: there is no such job.
            DatabaseUnavailable: the job cannot be read.

        """
        self._snapshots.mark_watched(job_id)
        return await self._snapshots.latest(job_id, self.refresh)

    async def refresh(self, job_id: str) -> Job:
        """Ask fal for the state of the job and record it; raises as :meth:`latest` does."""
        context.job_id.set(job_id)
        if self._background.is_under_way(_delivery_of(job_id)):
            return await self._store.get(job_id)  # fal is done; another process may deliver it
        job = await self.job_at_fal(job_id)
        if not job.is_with_fal:
            return job
        assert job.request_id is not None, "fal has accepted the job"
        try:
            progress = await self._fal.status(job.fal_model, job.request_id)
        except (FalNotFound, FalUnavailable) as error:
            return await record_unknown(self._store, job, error)
        if progress.state == "completed":
            self.deliver_completed(job)
            return job
        return await self._record_progress(job, progress)

    async def job_at_fal(self, job_id: str) -> Job:
        """Return the snapshot while fal is working on the job; otherwise read the database.

        If another process has moved the job on, the change that follows fal's answer returns it.
        """
        known = self._snapshots.known(job_id)
        if known is not None and known.is_with_fal:
            return known
        return await self._store.get(job_id)

    async def _record_progress(self, job: Job, progress: Progress) -> Job:
        running = progress.state == "running"
        now = await self._store.progress(job.id, running=running, position=progress.queue_position)
        if now.revision != job.revision:
            log.info("[VIDEO JOB %s] Status: %s", job.id, "IN_PROGRESS" if running else "IN_QUEUE")
        return now

    async def cancel(self, job_id: str, user: str) -> Job:
        """Ask fal to cancel the user's job; fal decides whether it is cancelled.

        Raises:
            JobNotFound: there is no such job, or it belongs to another user.
            JobFinished: it has ended, or its video is being stored.

        """
        context.job_id.set(job_id)
        now = asyncio.get_running_loop().time
        until = now() + times.FAL_WAIT
        job = await self._store.ask_to_cancel(job_id, user)
        if job.request_id is not None:
            asked = self._background.start(f"cancel {job.id}", self._cancel_at_fal(job))
            await asyncio.wait({asked}, timeout=max(0.0, until - now()))
        return self._snapshots.known(job_id) or job

    async def _cancel_at_fal(self, job: Job) -> None:
        if not await self._cancellations.ask(job):
            await self._snapshots.refresh_now(job.id, self.refresh)

    async def fail_by_hand(self, job_id: str, action: AdminAction) -> SupportJob | UnreadableJob:
        """End the job for the back office, and ask fal to cancel it so that nobody pays.

        Raises:
            JobNotFound: there is no such job.
            JobFinished: it has ended, or its video is being stored.

        """
        context.job_id.set(job_id)
        failed = await self._store.fail_by_hand(job_id, ENDED_BY_SUPPORT, action)
        if isinstance(failed, SupportJob) and failed.job.request_id is not None:
            stop = self._cancellations.stop(failed.job, failed.job.request_id)
            self._background.start(f"cancel {job_id}", stop)
        return failed

    def deliver_completed(self, job: Job, url: str | None = None) -> None:
        """Deliver the video that fal has just completed, and may have named."""
        log.info("[VIDEO JOB %s] Status: COMPLETED", job.id)
        self.deliver(job, url)

    def deliver(self, job: Job, url: str | None = None) -> None:
        """Start the delivery of the job's video in the background."""
        self._background.start(_delivery_of(job.id), self._delivery.run(job, url))

    async def process_due(self, due: DueJob) -> None:
        """Take the next step of a job that the sweep has found due."""
        job = due.job
        context.job_id.set(job.id)
        if due.expired:
            if not await self._cancellations.expire(job):
                self.deliver(job)
        elif job.request_id is None:
            await self._handover.resolve_unanswered(job)
        elif job.stage is Stage.STORING:
            self.deliver(job)
        elif job.stage is Stage.CANCELLING:  # a cancel that hangs must not hold up the sweep
            asked = self._background.start(f"cancel again {job.id}", self._cancel_at_fal(job))
            await asyncio.wait({asked}, timeout=times.FAL_WAIT)
        elif not self._snapshots.is_watched(job.id):
            await self._snapshots.latest(job.id, self.refresh)


def _delivery_of(job_id: str) -> str:
    """Return the name of the job's delivery among the background tasks."""
    return f"deliver {job_id}"
