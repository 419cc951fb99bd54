"""Videos that are shared by link: the calls of ``schema/functions/share.surql``."""

import secrets

from app.database.client import Database
from app.database.errors import Thrown
from app.domain.video import LibraryVideo
from app.problems import VideoNotFound

TOKEN_BYTES = 16
"""128 random bits cannot be guessed."""

# Not named $token, which is the database's own: the claims of the session's sign-in.
_VIDEO = """
SELECT * FROM type::record('library_video', type::record('share', $share).job ?? '-')
  WHERE share = $share AND deleted_at = NONE
"""


class ShareStore:
    """Shares videos, ends that, and finds what is shared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def share(self, job_id: str, user: str) -> str:
        """Return the token under which a video is shared from now on, the same each time.

        Raises:
            VideoNotFound: the user has no such video.

        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        return str(await self._call("create", job_id, user, token))

    async def revoke(self, job_id: str, user: str) -> None:
        """End the sharing of a video; raises VideoNotFound as :meth:`share` does."""
        await self._call("revoke", job_id, user)

    async def video(self, token: str) -> LibraryVideo:
        """Return what is shared under a token; raises VideoNotFound if nothing is."""
        rows = await self._database.query(_VIDEO, share=token)
        if not rows:
            raise VideoNotFound
        return LibraryVideo.from_row(rows[0])

    async def _call(self, function: str, *arguments: str) -> str | None:
        try:
            token: str | None = await self._database.call(f"share::{function}", *arguments)
        except Thrown as thrown:
            raise VideoNotFound from thrown
        return token
