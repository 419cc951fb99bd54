"""Random sequences of events compared with a model: users, fal, time, crashes."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import times
from app.jobs import snapshots
from tests.support.clock import set_clock_ahead
from tests.support.seams import CallFault, CrashSeam
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

# A service that crashes leaves its sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

GRANT = 40
PRICES = {"night-life-roller": 10, "poster-parallax": 6, "cinematic-reveal": 20}
VARIABLES = {"cinematic-reveal": {"scene": "Fog lifts"}}
USERS = st.sampled_from(["ada", "bob"])
REFERENCES = st.sampled_from([f"reference-{number}" for number in range(8)])
VIDEO = small_video()
BOOKS = """
RETURN {
  jobs: (SELECT id, status FROM video_job),
  accounts: (SELECT id, balance, held FROM credit_account)
}
"""


class Life(RuleBasedStateMachine):
    """One database, one fal, users, and a service that crashes and restarts."""

    jobs = Bundle("jobs")
    migrated: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.exit = AsyncExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.ahead = 0.0
        self.adjusted = Counter[str]()
        self.references: dict[str, tuple[str, int, Any]] = {}
        self.refunded = dict[str, Any]()
        self.owners: dict[str, tuple[str, int]] = {}
        self.run: Running | None = None

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @property
    def alive(self) -> Running:
        assert self.run is not None
        return self.run

    @initialize()
    def begin(self) -> None:
        shutil.copytree(self.migrated, self.folder / "surreal")
        self.settings = settings_for(
            f"surrealkv://{self.folder / 'surreal'}",
            self.folder / "storage",
            fal_key=FalStandIn.key,
            public_url="https://videos.example.com",
            credits_signup_grant=GRANT,
            max_jobs_in_flight=3,
        )
        self.fal = self.do(self.exit.enter_async_context(FalStandIn()))
        self.do(self._start(CrashSeam()))

    async def _start(self, seam: CrashSeam) -> None:
        self.seam = seam
        self.service = AsyncExitStack()
        self.run = await self.service.enter_async_context(
            running(self.settings, self.fal, seam=seam)
        )

    async def _stop(self) -> None:
        with suppress(asyncio.CancelledError):
            await self.service.aclose()
        self.run = None

    @rule(target=jobs, user=USERS, template=st.sampled_from(sorted(PRICES)))
    def submit(self, user: str, template: str) -> Any:
        answer = self.do(
            self.alive.submit(user=user, template=template, variables=VARIABLES.get(template))
        )
        assert answer.status_code in {202, 402, 429}, answer.text
        if answer.status_code != 202:
            return multiple()
        job_id: str = answer.json()["jobId"]
        self.owners[job_id] = user, PRICES[template]
        return job_id, list(self.fal.requests)[-1]

    @rule(job=jobs)
    def runs(self, job: tuple[str, str]) -> None:
        if self._is_open(job):
            self.fal.advance(job[1], "IN_PROGRESS")

    @rule(job=jobs)
    def succeeds(self, job: tuple[str, str]) -> None:
        if self._is_open(job):
            self.fal.complete(job[1], VIDEO)

    @rule(job=jobs, status=st.sampled_from([422, 499, 400]))
    def refuses(self, job: tuple[str, str], status: int) -> None:
        if self._is_open(job):
            self.fal.fail(job[1], status)

    def _is_open(self, job: tuple[str, str]) -> bool:
        request = self.fal.requests.get(job[1])
        return request is not None and request.state != "COMPLETED"

    @rule(job=jobs)
    def poll(self, job: tuple[str, str]) -> None:
        user, _ = self.owners[job[0]]
        answer = self.do(self.alive.get("/api/templates/video/status", user=user, jobId=job[0]))
        assert answer.status_code == 200, answer.text

    @rule(job=jobs, about=jobs, times=st.integers(1, 3))
    def callback(self, job: tuple[str, str], about: tuple[str, str], times: int) -> None:
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

    @rule(job=jobs)
    def cancel(self, job: tuple[str, str]) -> None:
        user, _ = self.owners[job[0]]
        answer = self.do(
            self.alive.client.post(
                "/api/templates/video/cancel", params={"jobId": job[0]}, headers=bearer(user)
            )
        )
        assert answer.status_code in {202, 409}, answer.text

    @rule(seconds=st.sampled_from([1, 30, 150, 3600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.ahead += seconds
        self.do(set_clock_ahead(self.alive.service.database, self.ahead))
        self.do(self.alive.service.sweep.once())
        self.do(self.alive.wait_for_background())

    @rule()
    def wait(self) -> None:
        self.do(self.alive.wait_for_background())

    @rule(call=st.integers(0, 12), after=st.booleans(), job=jobs)
    def crash(self, call: int, after: bool, job: tuple[str, str]) -> None:  # noqa: FBT001 a rule's
        """Crash at an outside call while a job is processed, and restart."""
        self.do(self._stop())
        fault = CallFault.DIES_AFTER if after else CallFault.DIES_BEFORE
        with suppress(asyncio.CancelledError):
            self.do(self._start(CrashSeam({call + 3: fault})))
        if self.run is not None:
            self.do(self._process(self.run, job))
            self.do(self._stop())
        self.do(self._start(CrashSeam()))

    async def _process(self, run: Running, job: tuple[str, str]) -> None:
        user, _ = self.owners[job[0]]
        with suppress(asyncio.CancelledError):
            await run.get("/api/templates/video/status", user=user, jobId=job[0])
            await run.wait_for_background()
            await run.service.sweep.once()

    @rule(user=USERS, amount=st.integers(1, 30), reference=REFERENCES)
    def grant(self, user: str, amount: int, reference: str) -> None:
        self._adjust(user, amount, reference)

    @rule(user=USERS, amount=st.integers(1, 60), reference=REFERENCES)
    def withdraw(self, user: str, amount: int, reference: str) -> None:
        self._adjust(user, -amount, reference)

    def _adjust(self, user: str, amount: int, reference: str) -> None:
        """A reference is used once: repeated, it answers as before, or not for another change."""
        available = self.do(self.alive.credits(user=user))["available"]
        body = {"user": user, "credits": amount, "reference": reference}
        answer = self.do(self.alive.administer("POST", "credits", body))
        if reference in self.references:
            *first, account = self.references[reference]
            assert answer.json() == account if [user, amount] == first else answer.is_client_error
        elif answer.is_success:
            assert answer.json()["available"] >= 0
            self.references[reference] = user, amount, answer.json()
            self.adjusted[user] += amount
        else:
            assert answer.json()["code"] == "insufficient_balance"
            assert available + amount < 0

    @rule()
    def repeat_every_adjustment(self) -> None:
        for reference, (user, amount, _) in self.references.items():
            self._adjust(user, amount, reference)

    @rule(job=jobs)
    def refund(self, job: tuple[str, str]) -> None:
        answer = self.do(self.alive.administer("POST", f"jobs/{job[0]}/refund"))
        if job[0] in self.refunded:
            assert answer.json() == self.refunded[job[0]]
        elif answer.is_success:
            assert self.do(self.alive.status(job[0], user=self.owners[job[0]][0]))["url"]
            self.refunded[job[0]] = answer.json()
        else:
            assert answer.json()["code"] == "not_charged"

    @invariant()
    @precondition(lambda self: self.run is not None)
    def nothing_is_broken(self) -> None:
        assert self.do(self.alive.audit()) == []

    @invariant()
    @precondition(lambda self: self.run is not None)
    def the_ledger_says_what_the_model_says(self) -> None:
        books = self.do(self.alive.rows(BOOKS))  # one query, because deliveries may be in progress
        jobs = {row["id"].id: row["status"] for row in books["jobs"]}
        accounts = {row["id"].id: (row["balance"], row["held"]) for row in books["accounts"]}
        assert jobs.keys() == self.owners.keys()
        for user, account in accounts.items():
            own = [
                (jobs[job], price) for job, (owner, price) in self.owners.items() if owner == user
            ]
            spent = sum(price for status, price in own if status == "completed")
            held = sum(price for status, price in own if status in {"pending", "processing"})
            given_back = sum(
                price
                for job, (owner, price) in self.owners.items()
                if owner == user and job in self.refunded
            )
            assert account == (GRANT + self.adjusted[user] - spent + given_back, held)

    @invariant()
    @precondition(lambda self: self.run is not None)
    def fal_was_asked_for_each_job_once(self) -> None:
        assert self.fal.count("submit") == len(self.owners)

    def teardown(self) -> None:
        if self.run is not None:
            self._end_every_job()
            self.do(self._stop())
        self.do(self.exit.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def _end_every_job(self) -> None:
        """Within three more days every job reaches a terminal state."""
        for _ in range(3):
            self.time_passes(90_000)
        statuses = self.do(self.alive.rows("SELECT VALUE status FROM video_job"))
        assert set(statuses) <= {"completed", "failed", "cancelled"}
        self.nothing_is_broken()


@pytest.mark.timeout(600)
def test_no_sequence_of_events_breaks_an_invariant(migrated_folder: Path) -> None:
    Life.migrated = migrated_folder
    with (
        mock.patch.object(snapshots, "FRESH", 0.0),
        mock.patch.object(snapshots, "WATCHED", 0.0),
        mock.patch.object(times, "DRAIN", 0.0),
        mock.patch.object(times, "SWEEP_INTERVAL", 3600.0),
    ):
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
