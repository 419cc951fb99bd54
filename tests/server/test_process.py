"""``python -m app`` as a process: signals, crashes and exit statuses."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx
import pytest

from app import times
from app.database.audit import audit
from app.storage.local_files import LocalFiles
from tests.support.clock import set_clock_ahead
from tests.support.database import connected, embedded
from tests.support.process import ON_LINUX, PATIENCE, ROOT, Process, forked, started
from tests.support.service import SUBMIT, png, submission
from tests.support.tokens import SECRET, bearer
from tests.telemetry.test_logs import KEYS

STOPS = [signal.SIGTERM, signal.SIGINT]
AT_ONCE = 4
"""Processes that one test runs concurrently."""
UNSEEN_SECONDS = round(times.UNSEEN)
"""Seconds after which every unfinished job is due again."""

pytestmark = pytest.mark.usefixtures("store_url")
linux_only = pytest.mark.skipif(not ON_LINUX, reason="looks into /proc")


@contextmanager
def browser(process: Process, user: str = "ada") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=process.url, headers=bearer(user), timeout=PATIENCE) as client:
        yield client


def submit(client: httpx.Client, image: bytes) -> str:
    answer = client.post(SUBMIT, **submission(image, {"templateSlug": "gentle-zoom"}))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


def status(client: httpx.Client, job_id: str) -> dict[str, Any]:
    answer = client.get("/api/templates/video/status", params={"jobId": job_id})
    return dict(answer.raise_for_status().json())


def is_clean(stderr: str) -> bool:
    return not re.search("Traceback|Warning:|panicked", stderr)


@linux_only
def test_a_video_is_made_and_the_process_ends_with_all_its_child_processes(tmp_path: Path) -> None:
    verbose = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
    with started(tmp_path, "app", AUTH_JWT_SECRET=SECRET, **verbose) as process:
        process.until_ready()
        with browser(process) as client:
            job_id = submit(client, png(320, 64))
            process.until(lambda: status(client, job_id)["status"] == "completed")
            job = status(client, job_id)
            assert client.get(job["url"]).content[4:8] == b"ftyp"
            assert client.get("/api/credits").json()["balance"] == 94
        assert process.group_members(), "the process that probes videos is kept for the next one"
        assert process.stop(signal.SIGTERM) == 0
        assert not process.group_members()
        lines = [json.loads(line) for line in process.stderr.splitlines()]
        assert all(line.keys() == KEYS for line in lines)
        assert "uvicorn.error" in {line["logger"] for line in lines}
        secrets = [SECRET, "Bearer", job["url"].partition("?")[2]]
        assert [secret for secret in secrets if secret in process.stderr] == []


def test_an_unfinished_job_does_not_delay_the_end(tmp_path: Path) -> None:
    with forked(tmp_path, "app", AUTH_JWT_SECRET=SECRET) as process:
        process.until_ready()
        with browser(process) as client:
            job_id = submit(client, png(640, 360))
            process.until(lambda: status(client, job_id)["stage"] == "generating")
        assert process.stop(signal.SIGTERM) == 0
        assert is_clean(process.stderr)


@linux_only
def test_ctrl_c_while_a_video_is_probed_ends_the_service_cleanly(tmp_path: Path) -> None:
    with forked(tmp_path, "app", AUTH_JWT_SECRET=SECRET) as process:
        process.until_ready()
        with browser(process) as client:
            job_id = submit(client, png(320, 64))
            process.until(lambda: bool(status(client, job_id) and process.group_members()))
        process.until(lambda: any(map(loads_the_decoder, process.group_members())))
        assert process.interrupt() == 0
        assert not process.group_members()
        assert is_clean(process.stderr)


def loads_the_decoder(pid: int) -> bool:
    with suppress(OSError):
        return "libavcodec" in Path(f"/proc/{pid}/maps").read_text()
    return False


@linux_only
@pytest.mark.parametrize("stop", STOPS)
def test_a_signal_during_the_import_ends_the_process(tmp_path: Path, stop: signal.Signals) -> None:
    with started(tmp_path, "app") as process:
        process.until(lambda: catches(process, signal.SIGTERM))
        assert process.stop(stop) == 0
        assert process.stderr == ""


def catches(process: Process, signum: signal.Signals) -> bool:
    """Return whether the process has a handler for a signal, see proc(5)."""
    found = re.search(r"^SigCgt:\s*(\w+)", proc(process, "status").read_text(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (signum - 1) & 1)


def proc(process: Process, name: str) -> Path:
    return Path("/proc", str(process.popen.pid), name)


def opens_its_database(process: Process) -> None:
    process.until(lambda: len(list(proc(process, "task").iterdir())) > 2)  # the engine's threads


@linux_only
@pytest.mark.parametrize("moment", [opens_its_database, Process.until_ready])
def test_every_signal_ends_the_process_without_a_crash_of_the_engine(
    tmp_path: Path, migrated_folder: Path, moment: Callable[[Process], None]
) -> None:
    def stopped(number: int) -> tuple[int, bool]:
        folder = tmp_path / str(number)
        copytree(migrated_folder, folder / "surreal")
        with forked(folder, "app") as process:
            moment(process)
            return process.stop(STOPS[number % 2]), is_clean(process.stderr)

    with ThreadPoolExecutor(AT_ONCE) as starters:
        assert list(starters.map(stopped, range(5))) == [(0, True)] * 5


def test_migrate_ends_without_a_crash_of_the_engine(tmp_path: Path, migrated_folder: Path) -> None:
    def migrated(number: int) -> int:
        folder = tmp_path / str(number)
        copytree(migrated_folder, folder / "surreal")
        with forked(folder, "scripts.migrate") as process:
            return process.exit_status()

    with ThreadPoolExecutor(AT_ONCE) as starters:
        assert list(starters.map(migrated, range(10))) == [0] * 10


def test_a_job_is_finished_after_two_kills_without_a_browser(
    tmp_path: Path, store_url: str
) -> None:
    with forked(tmp_path, "app", AUTH_JWT_SECRET=SECRET) as first:
        first.until_ready()
        with browser(first) as client:
            job_id = submit(client, png(320, 64))
            first.until(lambda: any(tmp_path.glob("storage/.local-fal/files/.*.mp4.part")))
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    with forked(tmp_path, "app", AUTH_JWT_SECRET=SECRET) as second:
        second.until(lambda: any(tmp_path.glob("storage/.local-fal/files/*.mp4")))
        assert second.stop(signal.SIGKILL) == -signal.SIGKILL
    asyncio.run(advance_the_clock(store_url))
    with forked(tmp_path, "app", AUTH_JWT_SECRET=SECRET) as third:
        third.wait_for_stderr("Stored library video metadata")
        with browser(third) as client:
            assert status(client, job_id)["status"] == "completed"
            kinds = [entry["kind"] for entry in client.get("/api/credits").json()["entries"]]
            assert kinds == ["charge", "hold", "grant"]
        assert third.stop(signal.SIGTERM) == 0
    assert asyncio.run(violations(store_url, tmp_path / "storage")) == []


async def advance_the_clock(store_url: str) -> None:
    async with connected(embedded(store_url)) as database:
        await set_clock_ahead(database, UNSEEN_SECONDS)


async def violations(store_url: str, storage: Path) -> list[str]:
    async with connected(embedded(store_url)) as database:
        return [str(each) for each in await audit(database, LocalFiles(storage), read=True)]


async def test_a_submit_whose_body_is_incomplete_is_answered_503_when_the_service_stops(
    tmp_path: Path, store_url: str
) -> None:
    with forked(tmp_path, "app", SURREAL_URL=store_url) as process:
        process.until_ready()
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(process.url).port)
        writer.write(
            b"POST /api/templates/video HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
        )
        await writer.drain()
        assert (
            await asyncio.to_thread(httpx.get, f"{process.url}/healthz", timeout=PATIENCE)
        ).is_success
        process.popen.send_signal(signal.SIGTERM)
        answer = await reader.read()
        writer.close()
        assert await asyncio.to_thread(process.exit_status) == 0
        assert "Traceback" not in process.stderr
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"shutting_down" in answer


HANGS_AT_THE_END = """
    yield {"stopping": asyncio.Event()}
    time.sleep(600)
"""
HANGS_AT_THE_START = """
    def hang():
        print("opening", file=sys.stderr, flush=True)
        time.sleep(600)

    await asyncio.to_thread(hang)
    yield {"stopping": asyncio.Event()}
"""
RUN = """
import asyncio, os, sys, time
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from app import times
from app.server import process

@asynccontextmanager
async def lifespan(_app):
    %s

times.FORCED_EXIT = 0.1
os._exit(process.run(lambda _: Starlette(lifespan=lifespan)))
"""


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize(
    ("lifespan", "sign"),
    [(HANGS_AT_THE_START, b"opening"), (HANGS_AT_THE_END, b"Uvicorn running")],
    ids=["start", "end"],
)
def test_the_process_ends_with_status_0_even_if_something_hangs(
    tmp_path: Path, lifespan: str, sign: bytes, stop: signal.Signals
) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN % lifespan.strip()],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
    ) as popen:
        try:
            assert popen.stderr is not None
            lines = iter(popen.stderr.readline, b"")
            assert any(sign in line for line in lines)
            popen.send_signal(stop)
            assert popen.wait(PATIENCE) == 0
            assert any(b"Something hangs while the service stops" in line for line in lines)
        finally:
            popen.kill()
