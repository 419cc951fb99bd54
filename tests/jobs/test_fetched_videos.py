"""Folders of fetched videos: no disk holds up the event loop, and no cancellation leaves files."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

import pytest

from app.jobs import fetched_videos
from app.jobs.fetched_videos import FetchedVideo
from app.media.downloads import Download
from app.media.probing import VideoFacts
from app.settings import Settings
from tests.support.seams import FailingSeam
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        ("", OSError()),
        ("media.download", ZeroDivisionError()),
        ("storage.put", OSError()),
        ("db.video_job::complete", ZeroDivisionError()),
    ],
)
@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_folders_are_made_and_deleted_in_threads(
    settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    error: Exception,
) -> None:
    monkeypatch.setattr(fetched_videos, "MAX_KEPT", 0)
    calls: list[tuple[str, bool]] = []
    async with running(settings, fal, seam=FailingSeam(error, failing)) as run:
        scratch = run.service.lifecycle._delivery._scratch
        deleted = asyncio.Event()
        loop = asyncio.get_running_loop()

        def watch(name: str) -> None:
            function = getattr(os, name)

            def watched(path: Any, *args: Any, **kwargs: Any) -> None:
                function(path, *args, **kwargs)
                if str(path).startswith(f"{scratch}/"):
                    calls.append((name, current_thread() is main_thread()))
                    if name == "rmdir":
                        loop.call_soon_threadsafe(deleted.set)

            monkeypatch.setattr(os, name, watched)

        watch("mkdir")
        watch("rmdir")
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        await run.status(job_id)
        async with asyncio.timeout(20):
            await deleted.wait()
        assert calls == [("mkdir", False), ("rmdir", False)]
        await run.wait_for_background()


async def test_a_folder_is_deleted_even_if_whoever_waits_for_it_is_cancelled(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    video = Download(path=folder / "video.mp4", size=5, sha256="")
    video.path.write_bytes(b"video")
    facts = VideoFacts(duration_seconds=1.0, width=1, height=1, codec="h264", poster=b"")
    fetched = FetchedVideo(folder=folder, video=video, facts=facts)
    loop, released = asyncio.get_running_loop(), Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    loop.run_in_executor(None, released.wait, 10)

    async def discard() -> None:
        await fetched.discard()

    discarding = asyncio.create_task(discard())
    await asyncio.sleep(0)
    discarding.cancel()
    await asyncio.wait({discarding})
    assert discarding.cancelled()
    released.set()
    await loop.run_in_executor(None, lambda: None)
    assert not folder.exists()
