"""Videos that were fetched and checked and could not be stored yet: they are not fetched again."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from time import monotonic

from app.domain.job import Job
from app.media.downloads import Download
from app.media.probing import VideoFacts

MAX_KEPT = 16
"""Videos kept while the storage is away."""
MAX_KEPT_BYTES = 4 * 1024**3
"""Bytes of these videos together; the oldest are dropped first and fetched again."""
UNTAKEN = 600.0
"""Seconds until a kept video is deleted that no delivery takes: another process ended its job.

An unfinished job is tried more often, see ``times.UNSEEN``.
"""


@dataclass(frozen=True, kw_only=True)
class FetchedVideo:
    """A video in a folder of its own, with what is known about it."""

    folder: Path
    video: Download
    facts: VideoFacts

    def discard(self) -> "asyncio.Future[None]":
        """Delete the folder, as :func:`delete` does."""
        return delete(self.folder)


@dataclass
class _Kept:
    fetched: FetchedVideo
    since: float


def delete(folder: Path) -> "asyncio.Future[None]":
    """Delete a folder in a thread, since large files take long; nobody has to wait.

    Whoever waits can be cancelled: the folder is deleted nevertheless.
    """
    work = partial(rmtree, folder, ignore_errors=True)
    return asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work))


class FetchedVideos:
    """The kept videos of this process, by job."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, job_id: str, fetched: FetchedVideo) -> None:
        """Keep the video for the job's next delivery, within the bounds."""
        self._kept[job_id] = _Kept(fetched, self._now())
        while (
            len(self._kept) > MAX_KEPT
            or sum(each.fetched.video.size for each in self._kept.values()) > MAX_KEPT_BYTES
        ):
            self._kept.popitem(last=False)[1].fetched.discard()

    def take(self, job_id: str) -> FetchedVideo | None:
        """Return the kept video, which now belongs to the caller; None if there is none."""
        fetched = self._pop(job_id)
        if fetched is not None and not fetched.video.path.is_file():  # somebody tidied the disk
            fetched.discard()
            return None
        return fetched

    def on_change(self, job: Job) -> None:
        """Delete the kept video of a job that has ended, if there is one."""
        if job.status.is_terminal and (fetched := self._pop(job.id)):
            fetched.discard()

    def count_again(self) -> None:
        """Begin to count the time of each video again: no job could be tried."""
        for each in self._kept.values():
            each.since = self._now()

    def discard_untaken(self) -> None:
        """Delete the videos that nobody has taken for ``UNTAKEN`` seconds."""
        end = self._now() - UNTAKEN
        for job_id in [job_id for job_id, each in self._kept.items() if each.since <= end]:
            if fetched := self._pop(job_id):
                fetched.discard()

    def _pop(self, job_id: str) -> FetchedVideo | None:
        kept = self._kept.pop(job_id, None)
        return kept.fetched if kept else None
