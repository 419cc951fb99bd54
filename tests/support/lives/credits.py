"""The lives of accounts: the back office grants, withdraws, refunds and suspends."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.support.lives.jobs import JOBS, USERS, Job, JobLives

REFERENCES = st.sampled_from([f"reference-{number}" for number in range(8)])


class CreditLives(JobLives):
    """What changes an account beside the user's own jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.adjusted = Counter[str]()
        self.references: dict[str, tuple[str, int, Any]] = {}
        self.refunded = dict[str, Any]()

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

    @rule(job=JOBS)
    def refund(self, job: Job) -> None:
        """A charge is given back once, also that of a deleted video."""
        answer = self.do(self.alive.administer("POST", f"jobs/{job[0]}/refund"))
        if job[0] in self.refunded:
            assert answer.json() == self.refunded[job[0]]
        elif answer.is_success:
            status = self.do(self.alive.status(job[0], user=self.owners[job[0]][0]))
            assert status["status"] == "completed"
            self.refunded[job[0]] = answer.json()
        else:
            assert answer.json()["code"] == "not_charged"

    @rule(user=USERS, suspended=st.booleans())
    def suspend(self, user: str, suspended: bool) -> None:  # noqa: FBT001 a rule's
        answer = self.do(self.alive.administer("PATCH", f"users/{user}", {"suspended": suspended}))
        assert answer.status_code == 200, answer.text
        (self.suspended.add if suspended else self.suspended.discard)(user)

    @rule(job=JOBS)
    def fail_by_hand(self, job: Job) -> None:
        before = self.do(self.alive.status(job[0], user=self.owners[job[0]][0]))
        answer = self.do(
            self.alive.administer("POST", f"jobs/{job[0]}/fail", {"reason": "asked by mail"})
        )
        if answer.is_success:
            assert before["stage"] != "done"
            assert answer.json()["status"] == "failed"
        else:
            assert answer.json()["code"] == "job_finished"
