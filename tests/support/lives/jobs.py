"""The lives of jobs: users, fal, time, and a service that crashes and restarts."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from tests.support.clock import set_clock_ahead
from tests.support.seams import CallFault, CrashSeam
from tests.support.service import Running, png, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

GRANT = 40
PRICES = {"night-life-roller": 10, "poster-parallax": 6, "cinematic-reveal": 20}
VARIABLES = {"cinematic-reveal": {"scene": "Fog lifts"}}
VIDEO = small_video()
PUBLIC_URL = "https://videos.example.com"

Job = tuple[str, str]
"""The ids of a job and of its request at fal."""
JOBS: Bundle[Job] = Bundle("jobs")
USERS = st.sampled_from(["ada", "bob"])
TEMPLATES = st.sampled_from(sorted(PRICES))


class JobLives(RuleBasedStateMachine):
    """One database, one fal, and one service at a time."""

    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.exit = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.ahead = 0.0
        self.owners: dict[str, tuple[str, int]] = {}
        self.suspended = set[str]()
        self.run: Running | None = None

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @property
    def alive(self) -> Running:
        assert self.run is not None
        return self.run

    @initialize(target=JOBS)
    def begin(self) -> Any:
        """Each user has a video already."""
        shutil.copytree(self.migrated, self.folder / "surreal")
        self.settings = settings_for(
            f"surrealkv://{self.folder / 'surreal'}",
            self.folder / "storage",
            fal_key=FalStandIn.key,
            public_url=PUBLIC_URL,
            credits_signup_grant=GRANT,
            max_jobs_in_flight=3,
        )
        self.fal = self.do(self.exit.enter_async_context(FalStandIn()))
        self.do(self._start(CrashSeam()))
        return multiple(*(self.make_video(user, "night-life-roller") for user in ("ada", "bob")))

    async def _start(self, seam: CrashSeam) -> None:
        self.seam = seam
        self.service = AsyncExitStack()
        self.run = await self.service.enter_async_context(
            running(self.settings, self.fal, seam=seam)
        )

    async def stop(self) -> None:
        with suppress(asyncio.CancelledError):
            await self.service.aclose()
        self.run = None

    @rule(target=JOBS, user=USERS, template=TEMPLATES)
    def submit(self, user: str, template: str) -> Any:
        answer = self.do(
            self.alive.submit(user=user, template=template, variables=VARIABLES.get(template))
        )
        refusals = {403} if user in self.suspended else {402, 429}
        if answer.status_code in refusals:
            return multiple()
        assert answer.status_code == 202, answer.text
        assert user not in self.suspended
        job_id: str = answer.json()["jobId"]
        self.owners[job_id] = user, PRICES[template]
        return job_id, self.fal.newest

    @rule(target=JOBS, user=USERS, template=TEMPLATES)
    def make_video(self, user: str, template: str) -> Any:
        """A submit and what follows if nothing goes wrong."""
        job = self.submit(user, template)
        if isinstance(job, tuple):
            self.fal.complete(job[1], VIDEO)
            assert self.do(self.alive.finished(job[0], user=user))["status"] == "completed"
        return job

    @rule(job=JOBS)
    def runs(self, job: Job) -> None:
        if self._is_open(job):
            self.fal.advance(job[1], "IN_PROGRESS")

    @rule(job=JOBS)
    def succeeds(self, job: Job) -> None:
        if self._is_open(job):
            self.fal.complete(job[1], VIDEO)

    @rule(job=JOBS, status=st.sampled_from([422, 499, 400]))
    def refuses(self, job: Job, status: int) -> None:
        if self._is_open(job):
            self.fal.fail(job[1], status)

    def _is_open(self, job: Job) -> bool:
        request = self.fal.requests.get(job[1])
        return request is not None and request.state != "COMPLETED"

    @rule(job=JOBS)
    def poll(self, job: Job) -> None:
        self.do(self.alive.status(job[0], user=self.owners[job[0]][0]))

    @rule(job=JOBS, about=JOBS, times=st.integers(1, 3))
    def callback(self, job: Job, about: Job, times: int) -> None:
        """fal calls back, possibly repeatedly, possibly with the id of another job."""
        if about[1] not in self.fal.requests:
            return
        headers, body = self.fal.callback(about[1])
        for _ in range(times):
            answer = self.do(
                self.alive.client.post(
                    "/api/webhooks/fal", params={"jobId": job[0]}, headers=headers, content=body
                )
            )
            assert answer.status_code == 200, answer.text

    @rule(job=JOBS)
    def cancel(self, job: Job) -> None:
        answer = self.do(self.alive.cancel(job[0], user=self.owners[job[0]][0]))
        assert answer.status_code in {202, 409}, answer.text

    @rule(job=JOBS)
    def start_image_stored(self, job: Job) -> None:
        """The image reaches the storage once more, or late, also after a deletion."""

        async def keep() -> None:
            stored = await self.alive.service.store.get(job[0])
            async with self.alive.service.lifecycle._start_images.keeping(stored, png()):
                pass
            await self.alive.wait_for_background()

        self.do(keep())

    @rule(seconds=st.sampled_from([1, 30, 150, 3600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.ahead += seconds
        self.do(set_clock_ahead(self.alive.service.database, self.ahead))
        self.do(self._work(self.alive))

    async def _work(self, run: Running) -> None:
        """Process what is due now."""
        await run.service.sweep.once()
        await run.wait_for_background()
        await run.service.erasures.once()
        await run.service.deletions.once()

    @rule()
    def wait(self) -> None:
        self.do(self.alive.wait_for_background())

    @rule(call=st.integers(0, 12), after=st.booleans(), job=JOBS)
    def crash(self, call: int, after: bool, job: Job) -> None:  # noqa: FBT001 a rule's
        """Crash at an outside call while a job is processed, and restart."""
        self.do(self.stop())
        fault = CallFault.DIES_AFTER if after else CallFault.DIES_BEFORE
        with suppress(asyncio.CancelledError):
            self.do(self._start(CrashSeam({call + 3: fault})))
        if self.run is not None:
            self.do(self._process(self.run, job))
            self.do(self.stop())
        self.do(self._start(CrashSeam()))

    async def _process(self, run: Running, job: Job) -> None:
        user, _ = self.owners[job[0]]
        with suppress(asyncio.CancelledError):
            await run.get("/api/templates/video/status", user=user, jobId=job[0])
            await run.wait_for_background()
            await self._work(run)
