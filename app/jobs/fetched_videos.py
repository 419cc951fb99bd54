"""Videos that were fetched and checked and could not be stored yet: they are not fetched again."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from app.domain.job import Job
from app.media.downloads import Download
from app.media.probing import VideoFacts

MAX_KEPT = 16
"""Videos kept while the storage is away."""
MAX_KEPT_BYTES = 4 * 1024**3
"""Bytes of these videos together; the oldest are dropped first and fetched again."""


@dataclass(frozen=True, kw_only=True)
class FetchedVideo:
    """A video in a folder of its own, with what is known about it."""

    folder: Path
    video: Download
    facts: VideoFacts

    def discard(self) -> None:
        """Delete the folder."""
        rmtree(self.folder, ignore_errors=True)


class FetchedVideos:
    """The kept videos of this process, by job."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, FetchedVideo] = OrderedDict()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, job_id: str, fetched: FetchedVideo) -> None:
        """Keep the video for the job's next delivery, within the bounds."""
        self._kept[job_id] = fetched
        while (
            len(self._kept) > MAX_KEPT
            or sum(each.video.size for each in self._kept.values()) > MAX_KEPT_BYTES
        ):
            self._kept.popitem(last=False)[1].discard()

    def take(self, job_id: str) -> FetchedVideo | None:
        """Return the kept video, which now belongs to the caller; None if there is none."""
        fetched = self._kept.pop(job_id, None)
        if fetched is not None and not fetched.video.path.is_file():  # somebody tidied the disk
            fetched.discard()
            return None
        return fetched

    def on_change(self, job: Job) -> None:
        """Delete the kept video of a job that has ended, if there is one."""
        if job.status.is_terminal and (fetched := self._kept.pop(job.id, None)):
            fetched.discard()
