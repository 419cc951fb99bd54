"""Local fal's queue: positions, cancellation, and what survives the end of a process."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

from fal_client import AsyncRequestHandle, Completed, InProgress, Queued

from app.local_fal.disk import RETENTION_SECONDS
from app.local_fal.media import Media
from app.local_fal.model import Model
from app.local_fal.queue import Queue
from tests.local_fal.client import (
    LONG,
    MODEL,
    QUICK,
    Client,
    opened,
    picture,
    reached,
    refused,
    rendering,
)

SQUARE = picture(256, 256)  # 5 seconds of it render for longer than any test takes

DOOMED = """
import asyncio, pathlib, sys
from tests.local_fal.client import LONG, rendering, opened
from tests.local_fal.test_queue import SQUARE

async def main():
    async with opened(pathlib.Path(sys.argv[1]), LONG) as client:
        handle = await client.animate(SQUARE)
        await rendering(handle)
        print(handle.request_id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _again(client: Client, handle: AsyncRequestHandle) -> AsyncRequestHandle:
    return AsyncRequestHandle.from_request_id(client.http, MODEL, handle.request_id)


def _age(folder: Path) -> None:
    for path in folder.glob("*/*"):
        past = path.stat().st_mtime - RETENTION_SECONDS - 1
        os.utime(path, (past, past))


async def _assert_cancelled(handle: AsyncRequestHandle) -> None:
    status = await handle.status()
    assert isinstance(status, Completed)
    assert status.error_type == "client_cancelled"
    error = await refused(handle.get())
    assert (error.status_code, error.error_type) == (499, "client_cancelled")
    assert error.message == status.error


async def test_the_status_says_how_many_requests_wait_before_this_one(tmp_path: Path) -> None:
    async with opened(tmp_path, LONG) as client:
        running, first, second = [await client.animate(SQUARE) for _ in range(3)]
        await reached(running, InProgress)
        assert await first.status() == Queued(position=0)
        assert await second.status() == Queued(position=1)
        await first.cancel()
        assert await second.status() == Queued(position=0)


async def test_a_request_cancelled_in_the_queue_never_runs(tmp_path: Path) -> None:
    async with opened(tmp_path, LONG) as client:
        running, waiting = [await client.animate(SQUARE) for _ in range(2)]
        await reached(running, InProgress)
        answer = await client.http.put(waiting.cancel_url)
        assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
        await _assert_cancelled(waiting)
    async with opened(tmp_path) as client:
        await _assert_cancelled(_again(client, waiting))


async def test_a_running_request_stops_when_cancelled_and_the_next_one_runs(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, LONG) as client:
        running = await client.animate(SQUARE)
        following = await client.animate(picture(), duration=1)
        await rendering(running)
        await running.cancel()
        video = (await following.get())["video"]
        await _assert_cancelled(running)
        assert [path.name for path in (tmp_path / "files").glob("*.mp4")] == [video["file_name"]]


async def test_a_cancelled_request_stays_cancelled_when_its_model_still_answers(
    tmp_path: Path,
) -> None:
    queue = Queue(tmp_path / "requests", Model(Media(tmp_path / "files"), seconds=QUICK))
    queue.open()
    worker = asyncio.create_task(queue.work())
    generation = queue.submit(MODEL, {"prompt": "without an image"})
    await asyncio.sleep(0)  # the worker has taken it, and its thread's answer cannot have arrived
    assert queue.position(generation) is None
    queue.cancel(generation)
    queue.close()
    await worker
    assert generation.outcome
    assert generation.outcome.status == 499


async def test_finished_and_unknown_requests_cannot_be_cancelled(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        handle = await client.animate(picture())
        result = await handle.get()
        finished = await client.http.put(handle.cancel_url)
        assert (finished.status_code, finished.json()) == (400, {"status": "ALREADY_COMPLETED"})
        assert await handle.get() == result
        unknown = await client.http.put(handle.cancel_url.replace(handle.request_id, "unknown"))
        assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})


async def test_unfinished_requests_are_queued_again_in_their_order_after_a_restart(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, LONG) as client:
        handles = [await client.animate(SQUARE) for _ in range(3)]
        await reached(handles[0], InProgress)
    async with opened(tmp_path, LONG) as client:
        running, first, second = [_again(client, handle) for handle in handles]
        await reached(running, InProgress)
        assert await first.status() == Queued(position=0)
        assert await second.status() == Queued(position=1)
    async with opened(tmp_path) as client:
        for handle in handles:
            assert (await _again(client, handle).get())["video"]["file_size"] > 0


async def test_results_and_media_are_kept_over_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        handle = await client.animate(picture())
        result = await handle.get()
        status = await handle.status(with_logs=True)
    async with opened(tmp_path) as client:
        assert await _again(client, handle).status(with_logs=True) == status
        assert await _again(client, handle).get() == result
        assert (await client.http.get(result["video"]["url"])).status_code == 200


async def test_a_request_whose_process_was_killed_while_rendering_is_rendered_again(
    tmp_path: Path,
) -> None:
    doomed = await create_subprocess_exec(
        sys.executable, "-c", DOOMED, str(tmp_path), stdout=PIPE, cwd=Path(__file__).parents[2]
    )
    assert doomed.stdout
    request_id = (await doomed.stdout.readline()).decode().strip()
    doomed.kill()
    await doomed.communicate()
    assert list((tmp_path / "files").glob(".*.part")), (
        "the process was killed while it wrote the video"
    )
    async with opened(tmp_path) as client:
        assert not list((tmp_path / "files").glob(".*.part"))
        handle = AsyncRequestHandle.from_request_id(client.http, MODEL, request_id)
        assert (await handle.get())["video"]["file_size"] > 0


async def test_a_partly_written_request_is_removed(tmp_path: Path) -> None:
    part = tmp_path / "requests" / ".5f0c.json.part"
    part.parent.mkdir()
    part.write_text('{"model": "fal-')
    async with opened(tmp_path):
        assert not part.exists()


async def test_expired_results_and_media_are_removed_and_unfinished_requests_are_kept(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as client:
        finished = await client.animate(picture())
        url = (await finished.get())["video"]["url"]
    async with opened(tmp_path, LONG) as client:
        unfinished = await client.animate(SQUARE)
    _age(tmp_path)
    async with opened(tmp_path) as client:
        assert (await refused(_again(client, finished).status())).status_code == 404
        assert (await client.http.get(url)).status_code == 404
        error = await refused(_again(client, unfinished).get())
        assert error.status_code == 422, "its start image has expired"
