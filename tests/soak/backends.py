"""The systems that a service talks to and that outlive its process: database, bucket and fal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.database.address import Address
from app.storage.protocol import Storage
from tests.soak.disk import Disk
from tests.support.clock import set_clock_ahead
from tests.support.database import connected, environment_of
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, S3Server
from tests.support.service import stand_in_environment
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY

UNFINISHED = (
    "RETURN (SELECT VALUE fal_request_id != NONE FROM video_job"
    " WHERE status NOT IN ['completed', 'failed', 'cancelled'])"
)
UNTIDY = "SELECT VALUE id FROM deletion, erasure WHERE due_at != NONE"


@dataclass(frozen=True)
class Backends:
    """The database, bucket and fal that all processes of a test share."""

    folder: Path
    """For the processes' logs, and for scratch folders if there is no ``disk``."""
    address: Address
    bucket: S3Server
    fal: FalStandIn
    disk: Disk | None = None
    """Has the database, the bucket and the scratch folders, so that it can be full."""

    @property
    def scratch(self) -> Path:
        """Where processes make their scratch folders."""
        return self.disk.folder if self.disk else self.folder

    def settings(self, **changes: str) -> dict[str, str]:
        """Return the environment of a service that uses them."""
        own = {
            "R2_ENDPOINT_URL": self.bucket.endpoint_url,
            "R2_BUCKET": BUCKET,
            "R2_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "R2_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "TMPDIR": str(self.scratch),
            "ADMIN_API_KEYS": ADMIN_KEY,
        }
        return own | stand_in_environment(self.fal.port) | environment_of(self.address) | changes

    @asynccontextmanager
    async def storage(self) -> AsyncIterator[Storage]:
        """Open the bucket as the service does."""
        async with self.bucket.open() as storage:
            yield storage

    async def set_clock(self, seconds: float) -> None:
        """Set the database's clock; no process may have an embedded store open."""
        async with connected(self.address) as database:
            await set_clock_ahead(database, seconds)

    async def untidy(self) -> int:
        """Return the number of deletions and erasures that are not carried out."""
        async with connected(self.address) as database:
            return len(await database.query(UNTIDY))

    async def unfinished(self) -> list[bool]:
        """Return for each unfinished job whether it has a request id from fal."""
        async with connected(self.address) as database:
            return list(await database.query(UNFINISHED))
