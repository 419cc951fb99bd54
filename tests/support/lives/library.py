"""The lives of videos: their users change, share, find and delete them, or are erased."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.support.clock import set_clock_ahead
from tests.support.deletions import delete, erase
from tests.support.lives.jobs import JOBS, PUBLIC_URL, USERS, Job, JobLives
from tests.support.shares import revoke, share

CHANGES = st.fixed_dictionaries(
    {},
    optional={"title": st.sampled_from(["Straße", "Fog", "FOGGY"]), "favourite": st.booleans()},
).filter(bool)
IS_OWN = st.sampled_from([True, True, True, False])


class LibraryLives(JobLives):
    """What happens to finished videos."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, dict[str, object]] = {}
        self.deleted = set[str]()
        self.shares: dict[str, str] = {}
        self.tokens = set[str]()
        self.covered: dict[str, set[str]] = {}

    def listed(self, user: str) -> set[str]:
        """Return the jobs of the videos that the user has now."""
        rows = self.do(
            self.alive.rows(
                "SELECT VALUE record::id(id) FROM video_job "
                "WHERE user = $user AND status = 'completed' AND erased_at = NONE",
                user=user,
            )
        )
        return set(rows) - self.deleted

    def _caller(self, job: Job, *, is_own: bool) -> str:
        owner = self.owners[job[0]][0]
        return owner if is_own else {"ada": "bob", "bob": "ada"}[owner]

    @rule(job=JOBS, is_own=IS_OWN)
    def delete(self, job: Job, is_own: bool) -> None:  # noqa: FBT001 a rule's
        """A user deletes an own or a foreign video, or the same once more."""
        user = self._caller(job, is_own=is_own)
        listed = self.listed(user)
        answer = self.do(delete(self.alive, job[0], user=user))
        if answer.status_code == 204:
            assert is_own
            self.deleted.add(job[0])
            self.shares.pop(job[0], None)
        else:
            assert (answer.status_code, job[0] in listed) == (404, False)

    @rule(job=JOBS, is_own=IS_OWN)
    def share(self, job: Job, is_own: bool) -> None:  # noqa: FBT001 a rule's
        user = self._caller(job, is_own=is_own)
        listed = self.listed(user)
        answer = self.do(share(self.alive, job[0], user=user))
        assert answer.status_code == (200 if job[0] in listed else 404)
        if answer.is_success:
            token = answer.json()["shareUrl"].removeprefix(f"{PUBLIC_URL}/v/")
            if job[0] not in self.shares:
                assert token not in self.tokens, "a token is given out once"
            assert self.shares.setdefault(job[0], token) == token
            self.tokens.add(token)

    @rule(job=JOBS, is_own=IS_OWN)
    def revoke(self, job: Job, is_own: bool) -> None:  # noqa: FBT001 a rule's
        user = self._caller(job, is_own=is_own)
        listed = self.listed(user)
        answer = self.do(revoke(self.alive, job[0], user=user))
        assert answer.status_code == (204 if job[0] in listed else 404)
        if answer.is_success:
            self.shares.pop(job[0], None)

    @rule(job=JOBS, is_own=IS_OWN, change=CHANGES)
    def change(self, job: Job, is_own: bool, change: dict[str, object]) -> None:  # noqa: FBT001 a rule's
        user = self._caller(job, is_own=is_own)
        listed = self.listed(user)
        answer = self.do(self.alive.change(job[0], user=user, **change))
        assert answer.status_code == (200 if job[0] in listed else 404)
        if answer.is_success:
            assert answer.json().items() >= change.items()
            self.changed[job[0]] = self.changed.get(job[0], {}) | change

    @rule(user=USERS, text=st.sampled_from(["STRASSE", "fog", "ss"]))
    def look(self, user: str, text: str) -> None:
        """The library has the listed videos as they were changed, and finds their titles."""
        listed = self.listed(user)
        videos = {each["jobId"]: each for each in self.do(self.alive.library(user=user))["videos"]}
        assert videos.keys() == listed
        for job_id, video in videos.items():
            assert video.items() >= self.changed.get(job_id, {}).items()
            assert video.get("shareUrl", "").rpartition("/")[2] == self.shares.get(job_id, "")
        found = self.do(self.alive.library(user=user, q=text))["videos"]
        assert {each["jobId"] for each in found} == {
            job_id for job_id in listed if text.casefold() in videos[job_id]["title"].casefold()
        }

    @rule()
    def visit(self) -> None:
        """Whoever was given a link sees the video for as long as it is shared."""
        for token in self.tokens:
            answer = self.do(self.alive.client.get(f"/v/{token}"))
            listed = self.listed("ada") | self.listed("bob")
            shared = {each for job_id, each in self.shares.items() if job_id in listed}
            assert answer.status_code == (200 if token in shared else 404)

    @rule(user=USERS)
    def erase(self, user: str) -> None:
        """Ask for an erasure at the real time, at which jobs are created."""
        database = self.alive.service.database
        self.do(set_clock_ahead(database, 0))
        self.do(erase(self.alive, user))
        self.do(set_clock_ahead(database, self.ahead))
        self.covered[user] = {job_id for job_id, (owner, _) in self.owners.items() if owner == user}
