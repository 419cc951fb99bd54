"""What fal's webhook is for: the end of a job, its video, and the proof of a lost submit."""

import asyncio
import logging

from app import times
from app.database.job_store import JobStore
from app.domain.job import Job
from app.errors import FalNotFound, FalUnavailable, RequestTaken
from app.fal.messages import Callback
from app.fal.queue import Fal
from app.jobs.lifecycle import Lifecycle
from app.jobs.snapshots import Snapshots
from app.media.hosts import MediaHosts
from app.problems import JobNotFound, SubmitUnavailable
from app.server.tasks import BackgroundTasks
from app.telemetry import context

log = logging.getLogger(__name__)


class Webhooks:
    """Follows the webhooks of fal."""

    def __init__(
        self,
        store: JobStore,
        fal: Fal,
        lifecycle: Lifecycle,
        snapshots: Snapshots,
        background: BackgroundTasks,
        *,
        hosts: MediaHosts,
    ) -> None:
        self._store = store
        self._fal = fal
        self._lifecycle = lifecycle
        self._snapshots = snapshots
        self._background = background
        self._hosts = hosts

    async def on_webhook(self, job_id: str, callback: Callback) -> None:
        """Deliver the video that a webhook names, otherwise refresh its job.

        A webhook may be early, late, repeated, or about another job. Its signature covers its
        request, so that only a webhook about the request of the job can name the job's video.

        Raises:
            SubmitUnavailable: fal does not confirm the request; fal calls again.
            DatabaseUnavailable: the job cannot be read.

        """
        context.job_id.set(job_id)
        try:
            job = await self._lifecycle.job_at_fal(job_id)
        except JobNotFound:
            log.warning("[VIDEO JOB %s] fal's webhook is about no such job", job_id)
            return
        was_known = job.request_id == callback.request_id
        if job.request_id is None and not job.status.is_terminal:
            job = await self._confirm_request(job, callback.request_id)
        url = callback.video_url
        if job.request_id != callback.request_id:
            log.warning("[VIDEO JOB %s] fal's webhook is about another request", job_id)
        elif job.is_with_fal and was_known and url is not None and self._hosts.allow(url):
            self._lifecycle.deliver_completed(job, url)
        elif not job.status.is_terminal:
            self._background.start(
                f"refresh {job_id}", self._snapshots.refresh_now(job_id, self._lifecycle.refresh)
            )

    async def _confirm_request(self, job: Job, request_id: str) -> Job:
        """Record the request that a webhook names, if fal confirms that it is ours.

        The webhook may arrive before the answer to the submit, or that answer was lost. Every
        customer of fal can obtain a signed webhook, so the signature alone proves nothing.
        """
        try:
            async with asyncio.timeout(times.FAL_WAIT):
                await self._fal.status(job.fal_model, request_id)
        except (FalNotFound, FalUnavailable, TimeoutError) as error:
            # fal may not know its own request yet, so a 404 is no proof either.
            log.warning("[VIDEO JOB %s] fal does not confirm its webhook: %s", job.id, error)
            raise SubmitUnavailable("fal does not confirm the request; call back later.") from error
        try:
            return await self._store.confirm_request(job.id, request_id)
        except RequestTaken:
            return job
