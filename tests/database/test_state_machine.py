"""Random sequences of events compared with a model: users, fal, time, crashes."""

import os
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, precondition, run_state_machine_as_test

from app import times
from app.jobs import delivery, snapshots
from app.media.probing import VideoFacts, examine
from tests.support.lives.credits import CreditLives
from tests.support.lives.jobs import GRANT
from tests.support.lives.library import LibraryLives

# A service that crashes leaves its sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# One query, because deliveries may be in progress.
BOOKS = """
RETURN {
  jobs: (SELECT *, record::id(id) AS id FROM video_job),
  accounts: (SELECT record::id(id) AS user, balance, held FROM credit_account),
  entries: (SELECT *, <string> id AS id FROM credit_entry),
  videos: (SELECT *, record::id(id) AS id FROM library_video),
  shares: (SELECT record::id(id) AS token, job FROM share),
  searched: (SELECT VALUE record::id(id) FROM library_search),
  erasures: (SELECT record::id(id) AS user, finished_at FROM erasure)
}
"""
ENDS = {"completed", "failed", "cancelled"}
KEYS = "video_key", "poster_key", "start_key"
Rows = list[dict[str, Any]]

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
"""Lives, of 25 events each."""


class Life(CreditLives, LibraryLives):
    """All that may happen, and what holds after each event."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: dict[str, str] = {}
        self.entries: dict[str, Any] = {}
        self.keys: dict[str, str] = {}

    @invariant()
    @precondition(lambda self: self.run is not None)
    def nothing_is_broken(self) -> None:
        assert self.do(self.alive.audit()) == []

    @invariant()
    @precondition(lambda self: self.run is not None)
    def the_books_say_what_the_model_says(self) -> None:
        books = self.do(self.alive.rows(BOOKS))
        jobs = {row["id"]: row for row in books["jobs"]}
        erased = {job_id for job_id, row in jobs.items() if row.get("erased_at")}
        assert jobs.keys() == self.owners.keys()
        self._the_accounts_are_right(books["accounts"], jobs)
        self._what_is_final_stays(jobs, books["entries"])
        self._what_is_gone_is_nowhere(books, jobs, erased)
        self._erasures_cover_what_they_should(books["erasures"], erased)

    def _the_accounts_are_right(self, accounts: Rows, jobs: dict[str, Any]) -> None:
        for account in accounts:
            user = account["user"]
            own = {job: price for job, (owner, price) in self.owners.items() if owner == user}
            ended = {job: jobs[job]["status"] for job in own if jobs[job]["status"] in ENDS}
            charged = [job for job, status in ended.items() if status == "completed"]
            spent = sum(own[job] for job in charged if job not in self.refunded)
            held = sum(price for job, price in own.items() if job not in ended)
            balance = GRANT + self.adjusted[user] - spent
            assert (account["balance"], account["held"]) == (balance, held)

    def _what_is_final_stays(self, jobs: dict[str, Any], entries: Rows) -> None:
        """Final statuses, entries of the ledger, and the owners of keys never change."""
        statuses = {job_id: row["status"] for job_id, row in jobs.items() if row["status"] in ENDS}
        assert statuses.items() >= self.ends.items()
        self.ends = statuses
        ledger = {entry["id"]: entry for entry in entries}
        assert {each: ledger.get(each) for each in self.entries} == self.entries
        self.entries = ledger
        for job_id, row in jobs.items():
            for key in filter(None, (row.get(name) for name in KEYS)):
                assert self.keys.setdefault(key, job_id) == job_id

    def _what_is_gone_is_nowhere(
        self, books: dict[str, Rows], jobs: dict[str, Any], erased: set[str]
    ) -> None:
        gone = self.deleted | erased
        assert {job_id for job_id, row in jobs.items() if row.get("deleted_at")} == gone
        listed = {row["id"] for row in books["videos"] if not row.get("deleted_at")}
        assert listed == {job for job, end in self.ends.items() if end == "completed"} - gone
        assert {row[2] for row in books["searched"] if len(row) > 1} == listed  # type: ignore[index]
        shares = {job: token for job, token in self.shares.items() if job not in gone}
        assert {row["job"]: row["token"] for row in books["shares"]} == shares
        for row in (jobs[job_id] for job_id in erased):
            assert (row["user_email"], row["variables"]) == ("", {})
            assert row.get("error") in {None, "This text was erased."}
        assert not [row for row in books["videos"] if row["id"] in erased and row["title"]]

    def _erasures_cover_what_they_should(self, erasures: Rows, erased: set[str]) -> None:
        for erasure in erasures:
            covered = self.covered[erasure["user"]]
            own = {job_id for job_id in erased if self.owners[job_id][0] == erasure["user"]}
            assert own <= covered
            assert own == covered or not erasure.get("finished_at")

    @invariant()
    @precondition(lambda self: self.run is not None)
    def fal_was_asked_for_each_job_once(self) -> None:
        assert self.fal.count("submit") == len(self.owners)

    def teardown(self) -> None:
        if self.run is not None:
            self._end_everything()
            self.do(self.stop())
        self.do(self.exit.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    def _end_everything(self) -> None:
        """Within three more days every job has ended, and every erasure and deletion is done."""
        for _ in range(3):
            self.time_passes(90_000)
        self.nothing_is_broken()
        self.the_books_say_what_the_model_says()
        self.visit()
        assert self.ends.keys() == self.owners.keys()
        erasures = self.do(self.alive.rows("SELECT VALUE finished_at FROM erasure"))
        assert None not in erasures
        assert self.do(self.alive.rows("SELECT * FROM deletion WHERE due_at != NONE")) == []
        gone = self.do(self.alive.rows("SELECT * FROM video_job WHERE deleted_at != NONE"))
        for key in filter(None, (row.get(name) for row in gone for name in KEYS)):
            assert not (self.folder / "storage" / key).exists()


async def probe_here(path: Path) -> VideoFacts:
    """Save the second that the start of each worker process takes."""
    return examine(path)


@pytest.mark.timeout(600)
def test_no_sequence_of_events_breaks_an_invariant(migrated_folder: Path) -> None:
    Life.migrated = migrated_folder
    with (
        mock.patch.object(snapshots, "FRESH", 0.0),
        mock.patch.object(snapshots, "WATCHED", 0.0),
        mock.patch.object(delivery, "probe", probe_here),
        mock.patch.object(times, "DRAIN", 0.0),
        mock.patch.object(times, "SWEEP_INTERVAL", 600.0),
    ):
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
