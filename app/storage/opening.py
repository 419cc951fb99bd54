"""Opens the storage that the settings name."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from app.errors import StorageUnavailable
from app.storage.local_files import LocalFiles
from app.storage.r2 import R2Storage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.settings import Settings
    from app.storage.protocol import Storage
    from app.telemetry.seam import Seam

log = logging.getLogger(__name__)


def local_files(settings: Settings, seam: Seam) -> LocalFiles | None:
    """Return the storage in ``STORAGE_DIR``, or None if the settings name a bucket."""
    if settings.r2_bucket is not None:
        return None
    return LocalFiles(settings.storage_dir, base_url=settings.public_url or "", seam=seam)


@asynccontextmanager
async def open_storage(
    settings: Settings, *, files: LocalFiles | None, seam: Seam
) -> AsyncIterator[Storage]:
    """Open ``files``, the storage of :func:`local_files`; without it, open the bucket.

    An unusable storage can be opened: :meth:`~app.storage.protocol.Storage.check` reports it.
    """
    if files is not None:
        log.warning("No R2_BUCKET: videos are kept in %s", settings.storage_dir)
        with suppress(OSError):  # /readyz reports a folder that fails
            files.tidy()
        try:
            yield files
        finally:
            files.close()
        return
    assert settings.r2_bucket, "without files there is a bucket"
    assert settings.r2_endpoint_url, "the settings require it with a bucket"
    assert settings.r2_access_key_id, "the settings require it with a bucket"
    assert settings.r2_secret_access_key, "the settings require it with a bucket"
    async with R2Storage.open(
        endpoint_url=settings.r2_endpoint_url,
        bucket=settings.r2_bucket,
        access_key_id=settings.r2_access_key_id,
        secret_access_key=settings.r2_secret_access_key.get_secret_value(),
        region=settings.r2_region,
        public_url=settings.r2_public_url,
        seam=seam,
    ) as bucket:
        yield bucket


async def warn_if_unavailable(storage: Storage) -> None:
    """Log why the storage cannot be used; the service starts nevertheless, since this may pass."""
    try:
        await storage.check()
    except StorageUnavailable as error:
        log.warning("%s Videos wait until the storage is back", error)
