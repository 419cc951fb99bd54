"""Passes each change to the open event streams of its user."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from app.domain.job import Job
from app.problems import TooManyStreams
from app.telemetry.metrics import STREAMS


class Subscription:
    """The changes that one open stream has not sent yet; a newer state of a job replaces an older.

    ``job_id`` is the one job that the stream is about; None means all jobs of its user.
    """

    __slots__ = ("_changed", "_changes", "_ended", "_ranks", "job_id")  # there are thousands

    def __init__(self, job_id: str | None) -> None:
        self.job_id = job_id
        self._changes: dict[str, Job] = {}
        self._ranks: dict[str, tuple[bool, bool, int]] = {}
        self._changed: asyncio.Future[None] | None = None
        self._ended = False

    def push(self, job: Job) -> None:
        """Add the job's state, unless this or a newer one was added before.

        A deletion is news only if the job was added before, or is the one that the stream is about.
        """
        if self.job_id not in {None, job.id}:
            return
        known, rank = self._ranks.get(job.id), _rank(job)
        if (known is None and (job.deleted_at is None or self.job_id)) or (known and known < rank):
            self._ranks[job.id] = rank
            self._changes[job.id] = job
            self._wake()

    @property
    def unfinished(self) -> Iterator[str]:
        """The ids of the jobs that were pushed and have not ended."""
        return (job_id for job_id, (has_ended, *_) in self._ranks.items() if not has_ended)

    def end(self) -> None:
        """Let the stream end after it has sent its pending changes."""
        self._ended = True
        self._wake()

    async def changes(self, timeout: float) -> list[Job] | None:  # noqa: ASYNC109 [] is its answer
        """Wait for changes: [] after ``timeout`` seconds without any, None at the end."""
        if not self._changes and not self._ended:
            self._changed = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._changed
            except TimeoutError:
                return []
        if not self._changes and self._ended:
            return None
        changes, self._changes = list(self._changes.values()), {}
        return changes

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)


def _rank(job: Job) -> tuple[bool, bool, int]:
    """Return what orders the states of a job: a terminal one is the last but for its deletion."""
    has_ended = job.status.is_terminal
    return has_ended, job.deleted_at is not None, 0 if has_ended else job.revision


class Subscriptions:
    """All subscriptions of this process, by user."""

    def __init__(self, *, max_per_user: int) -> None:
        self._max_per_user = max_per_user
        self._by_user: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._arrivals: set[str] = set()
        self._arrived = asyncio.Event()
        self._ended = False

    def publish(self, job: Job) -> None:
        """Push a job's state to the subscriptions of its user."""
        for subscription in self._by_user.get(job.user, ()):
            subscription.push(job)

    @contextmanager
    def open(self, user: str, subscription: Subscription) -> Iterator[None]:
        """Hold a place among the user's streams while the body runs.

        Raises:
            TooManyStreams: the user has as many open as allowed.

        """
        if len(self._by_user[user]) >= self._max_per_user:
            raise TooManyStreams(
                f"At most {self._max_per_user} streams may be open.", retry_after=5
            )
        if self._ended:  # the stream was requested before the service began to stop
            subscription.end()
        self._by_user[user].add(subscription)
        self._arrivals.add(user)
        self._arrived.set()
        try:
            with STREAMS.track_inprogress():
                yield
        finally:
            self._by_user[user].discard(subscription)
            if not self._by_user[user]:
                del self._by_user[user]

    @asynccontextmanager
    async def ended_by(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """End every stream when the service stops; clients reconnect to another instance."""

        async def end_all() -> None:
            await stopping.wait()
            self._ended = True
            for subscriptions in self._by_user.values():
                for subscription in subscriptions:
                    subscription.end()

        ending = asyncio.create_task(end_all())
        try:
            yield
        finally:
            ending.cancel()

    async def arrivals(self) -> set[str]:
        """Wait for users who have opened a stream since the last call, and return them."""
        await self._arrived.wait()
        self._arrived.clear()
        users, self._arrivals = self._arrivals, set()
        return users

    @property
    def users_of_all_jobs(self) -> set[str]:
        """The users with a stream about all their jobs."""
        return {
            user
            for user, subscriptions in self._by_user.items()
            if any(each.job_id is None for each in subscriptions)
        }

    @property
    def unfinished(self) -> set[str]:
        """The ids of the unfinished jobs that some subscription is about."""
        return {
            job_id
            for subscriptions in self._by_user.values()
            for each in subscriptions
            for job_id in each.unfinished
        }
