"""Asks fal to cancel jobs: for their users, at their deadlines, and after support ended them."""

import asyncio
import logging

from app.database.job_store import JobStore
from app.domain.job import Job, Stage
from app.errors import FalError, FalNotFound, FalOperatorRefused, FalUnavailable
from app.fal.queue import Fal
from app.jobs.troubles import DEADLINE, OPERATOR_REFUSED, postpone_unknown

log = logging.getLogger(__name__)

CANCEL_PATIENCE = 5.0
"""Seconds that fal may take to cancel an expired job."""


class Cancellations:
    """Records what fal answers; what follows from an answer is up to the lifecycle."""

    def __init__(self, store: JobStore, fal: Fal) -> None:
        self._store = store
        self._fal = fal

    async def ask(self, job: Job) -> bool:
        """Cancel a job for its user. False if fal goes on with it or has finished its video.

        Without an answer from fal the sweep asks again.
        """
        assert job.request_id is not None, "only a job that fal has accepted is cancelled there"
        try:
            outcome = await self._fal.cancel(job.fal_model, job.request_id)
        except FalNotFound:  # cancelled by a call whose answer was lost, or not known there yet
            await postpone_unknown(self._store, job)
            return True
        except FalError as error:
            log.warning("[VIDEO JOB %s] Not cancelled yet: %s", job.id, error)
            if isinstance(error, FalOperatorRefused):
                await self._store.postpone(job.id, None, OPERATOR_REFUSED)
            return True
        log.info("[VIDEO JOB %s] Cancel: %s", job.id, outcome)
        if outcome != "cancelled":
            return False
        await self._store.cancelled(job.id, None)
        return True

    async def stop(self, job: Job, request_id: str) -> None:
        """Cancel the request of a job that has ended here. fal is asked once."""
        try:
            outcome = await self._fal.cancel(job.fal_model, request_id)
        except FalError as error:
            log.warning("[VIDEO JOB %s] Not cancelled at fal: %s", job.id, error)
        else:
            log.info("[VIDEO JOB %s] Cancel: %s", job.id, outcome)

    async def expire(self, job: Job) -> bool:
        """End a job at its deadline. False if fal has finished its video, which it bills.

        Without an answer from fal the sweep asks again.
        """
        if job.request_id is not None:
            try:
                async with asyncio.timeout(CANCEL_PATIENCE):
                    outcome = await self._fal.cancel(job.fal_model, job.request_id)
                if outcome == "too_late":
                    return False
            except (FalUnavailable, TimeoutError) as error:
                log.warning("[VIDEO JOB %s] Not cancelled at fal: %r", job.id, error)
                await self._store.postpone(job.id, None, DEADLINE)
                return True
            except Exception as error:  # noqa: BLE001 any: the job ends at its deadline
                log.warning("[VIDEO JOB %s] Not cancelled at fal: %r", job.id, error)
        if job.stage is Stage.CANCELLING:
            await self._store.cancelled(job.id, None)
        else:
            await self._store.fail(job.id, None, DEADLINE.code, DEADLINE.message)
        return True
