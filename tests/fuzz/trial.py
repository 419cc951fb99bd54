"""A service process under attack: its answers, its log, its memory and its files."""

import asyncio
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.api.openapi import document
from tests.fuzz.requests import Attempts
from tests.fuzz.wire import Attempt
from tests.support.process import Process, forked
from tests.support.service import SUBMIT, png, stand_in_environment, submission
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

CONNECTIONS = 8
"""Open at the same time."""
PATIENCE = 20.0
"""Seconds to wait for an answer that must come."""
WAIT = 0.2
"""Seconds to wait if none need come: the service may wait for the rest of the request."""
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
ERRORS = re.compile(r"Traceback|ERROR|CRITICAL|never retrieved|ResourceWarning: unclosed|^forged")
"""Not "Unclosed file <tempfile…": Starlette leaves an unfinished part to the garbage collector."""
MALFORMED = 400
"""uvicorn's own answer to bytes that are not HTTP."""

Codes = dict[tuple[str, str, int], set[str]]


def _documented() -> Codes:
    """Return the problem codes that the OpenAPI document names, by operation and status."""
    described: dict[str, Any] = document()
    found: Codes = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for status, answer in operation["responses"].items():
                problem = answer.get("content", {}).get("application/problem+json", {})
                found[method, path, int(status)] = set(problem.get("examples", {}))
    return found


@dataclass(frozen=True)
class Size:
    """The memory and the files of a process."""

    resident: int
    """Bytes of memory."""
    files: int
    """Open descriptors."""


@dataclass
class Trial:
    """Sends attempts to a service process and collects the answers that are wrong."""

    process: Process
    fal: FalStandIn
    folder: Path
    failures: list[str] = field(default_factory=list)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """The number of answers by kind of attempt and status; 0 means that none came."""
    _documented: Codes = field(default_factory=_documented)
    _jobs: list[str] = field(default_factory=list)

    async def send(self, count: int, *, seed: int) -> None:
        """Send ``count`` attempts over several connections at once."""
        attempts = Attempts(seed, sign=self.fal.webhooks.sign, jobs=self._jobs)
        series = itertools.islice(attempts, count)
        async with asyncio.TaskGroup() as connections:
            for _ in range(CONNECTIONS):
                connections.create_task(self._send_all(series))

    def size(self) -> Size:
        """Measure the process."""
        own = Path(f"/proc/{self.process.popen.pid}")
        pages = int((own / "statm").read_text().split()[1])
        return Size(pages * os.sysconf("SC_PAGE_SIZE"), len(list((own / "fd").iterdir())))

    def files(self) -> set[Path]:
        """Return the files in its folder, except for the database and the storage."""
        kept = {self.folder / "surreal", self.folder / "storage"}
        return {path for path in self.folder.rglob("*") if not kept & {path, *path.parents}}

    def log_errors(self) -> list[str]:
        """Return the lines of its log that are errors, or that a request has forged."""
        return [line for line in self.process.stderr.splitlines() if ERRORS.search(line)]

    async def makes_a_video(self) -> bool:
        """Do one job of another user, to show that the service still works."""
        async with httpx.AsyncClient(base_url=self.process.url, timeout=PATIENCE) as client:
            submitted = await client.post(
                SUBMIT,
                **submission(png(), {"templateSlug": "gentle-zoom", "variables": {}}),
                headers=bearer("ada"),
            )
            assert submitted.status_code == 202, submitted.text
            job = submitted.json()
            self.fal.complete(self.fal.newest, small_video())
            while job["status"] in {"pending", "processing"}:
                await asyncio.sleep(0.1)
                answer = await client.get(
                    f"{SUBMIT}/status",
                    params={"jobId": job["jobId"]},
                    headers=bearer("ada"),
                )
                job = answer.raise_for_status().json()
        return bool(job["status"] == "completed")

    async def _send_all(self, series: Iterator[Attempt]) -> None:
        for attempt in series:
            answer = await self._send(attempt)
            self._check(attempt, answer)

    async def _send(self, attempt: Attempt) -> bytes:
        """Return what came until the connection closed, a stream began, or the wait was over."""
        port = httpx.URL(self.process.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = bytearray()
        try:
            async with asyncio.timeout(WAIT if attempt.may_stay_open else PATIENCE):
                writer.write(attempt.sent)
                while chunk := await reader.read(65536):
                    answer += chunk
                    if b"text/event-stream" in answer:
                        break
        except (TimeoutError, ConnectionError):
            pass  # _check decides whether that is allowed
        finally:
            writer.close()
        return bytes(answer)

    def _check(self, attempt: Attempt, answer: bytes) -> None:
        statuses = [int(status) for status in STATUS.findall(answer)]
        self.answers[attempt.kind, statuses[0] if statuses else 0] += 1
        if any(status >= 500 for status in statuses):
            self._note(attempt, answer)
        elif attempt.may_stay_open:
            return
        elif not statuses or not self._is_documented(attempt, statuses[0], answer):
            self._note(attempt, answer)
        elif statuses[0] == 202:
            self._jobs.append(json.loads(answer.partition(b"\r\n\r\n")[2])["jobId"])

    def _is_documented(self, attempt: Attempt, status: int, answer: bytes) -> bool:
        head, _, body = answer.partition(b"\r\n\r\n")
        codes = self._documented.get((attempt.method, attempt.path, status))
        if b"application/problem+json" not in head:
            return status == MALFORMED or (codes is not None and status < MALFORMED)
        return codes is not None and json.loads(body)["code"] in codes

    def _note(self, attempt: Attempt, answer: bytes) -> None:
        self.failures.append(f"{attempt.kind}: {attempt.sent[:600]!r}\n  -> {answer[:400]!r}")


@asynccontextmanager
async def attack(folder: Path, store_url: str, fal: FalStandIn) -> AsyncIterator[Trial]:
    """Run the service with a stand-in for fal."""
    settings = stand_in_environment(fal.port) | {
        "SURREAL_URL": store_url,
        "MAX_IMAGE_PIXELS": "1000000",
        "MAX_JOBS_IN_FLIGHT": "30",
        "SUBMITS_PER_MINUTE": "1000",
        "CREDITS_SIGNUP_GRANT": "1000000",
    }
    with forked(folder, "tests.support.serve", **settings) as process:
        await asyncio.to_thread(process.until_ready)
        yield Trial(process, fal, folder)
