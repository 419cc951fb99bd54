"""What the back office reads, and its changes to users and templates."""

from app.database.client import Database
from app.database.errors import Thrown
from app.database.job_story import read_story
from app.domain.admin_action import AdminAction
from app.domain.support_job import JobStory
from app.domain.support_user import SupportUser
from app.problems import TemplateNotFound

_USER = """
RETURN {
  account: (SELECT balance, held, suspended FROM ONLY type::record('credit_account', $user)),
  jobs: (SELECT status, count() FROM video_job WHERE user = $user GROUP BY status),
  videos: (SELECT count() FROM library_video WHERE user = $user AND deleted_at = NONE GROUP ALL)
}
"""


class SupportStore:
    """Reads jobs and users, and changes what a user or a template may do."""

    def __init__(self, database: Database, *, signup_grant: int) -> None:
        self._database = database
        self._signup_grant = signup_grant

    async def story(self, job_id: str) -> JobStory:
        """Return what the database has about a job; raises JobNotFound if there is none."""
        return await read_story(self._database, job_id)

    async def user(self, user: str) -> SupportUser:
        """Return the account and the counts of a user, and open no account."""
        return SupportUser.from_rows(user, await self._database.query(_USER, user=user))

    async def suspend(self, user: str, *, suspended: bool, action: AdminAction) -> None:
        """Refuse the user's submits from now on, or accept them again."""
        await self._database.call(
            "credit::suspend", user, suspended, self._signup_grant, vars(action)
        )

    async def enable_template(self, slug: str, *, enabled: bool, action: AdminAction) -> None:
        """Offer the template, or take it off offer; raises TemplateNotFound if there is none."""
        try:
            await self._database.call("template::enable", slug, enabled, vars(action))
        except Thrown as thrown:
            if thrown.code == "template_not_found":
                raise TemplateNotFound(f"There is no template {slug[:80]!r}.") from thrown
            raise
