"""An S3 server for tests, and the files that are put into it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response

from app.api.files import media_route
from app.problems import NotFound
from app.settings import Settings
from app.storage.r2 import R2Storage
from tests.support.sockets import free_port, wait_for_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from starlette.requests import Request

    from app.storage.local_files import LocalFiles
    from app.storage.protocol import Storage

BUCKET = "videos"
ACCESS_KEY_ID = "test-access-key"
SECRET_ACCESS_KEY = "test-secret-key"


@dataclass
class S3Server:
    """versitygw over a folder; it can be stopped and started again."""

    program: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        buckets, metadata = self.folder / "buckets", self.folder / "metadata"
        (buckets / BUCKET).mkdir(parents=True, exist_ok=True)
        metadata.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [
                *(self.program, "--region=auto", f"--port=127.0.0.1:{self.port}"),
                *("posix", f"--sidecar={metadata}", buckets),
            ],
            env={"ROOT_ACCESS_KEY": ACCESS_KEY_ID, "ROOT_SECRET_KEY": SECRET_ACCESS_KEY},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def settings(self, settings: Settings) -> Settings:
        """Return the settings of a service that keeps its videos here."""
        r2 = {
            "r2_endpoint_url": self.endpoint_url,
            "r2_bucket": BUCKET,
            "r2_access_key_id": ACCESS_KEY_ID,
            "r2_secret_access_key": SECRET_ACCESS_KEY,
        }
        return Settings(_env_file=None, **(settings.model_dump(exclude_unset=True) | r2))

    def open(self, **changes: Any) -> AbstractAsyncContextManager[R2Storage]:
        """Open a storage on this server; ``changes`` go to :meth:`R2Storage.open`."""
        plain: dict[str, Any] = {
            "endpoint_url": self.endpoint_url,
            "bucket": BUCKET,
            "access_key_id": ACCESS_KEY_ID,
            "secret_access_key": SECRET_ACCESS_KEY,
        }
        return R2Storage.open(**(plain | changes))


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run an S3 server, or skip the test if none is installed."""
    program = os.environ.get("VERSITYGW_BIN") or shutil.which("versitygw")
    if program is None:
        pytest.skip("no S3 server: put versitygw on PATH, or set VERSITYGW_BIN")
    server = S3Server(program, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def write_file(folder: Path, content: bytes) -> Path:
    """Write ``content`` into a file whose name is its digest."""
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return path


async def put_video(storage: Storage, key: str, source: Path) -> None:
    """Put a file of :func:`write_file` as a delivery does."""
    await storage.put(
        key,
        source,
        sha256=source.name,
        owner="job-1",
    )


@asynccontextmanager
async def browser_of(files: LocalFiles) -> AsyncIterator[httpx.AsyncClient]:
    """Serve local files, and nothing else, to a client."""

    async def answer_404(_request: Request, _error: Exception) -> Response:
        return Response(status_code=404)

    app = Starlette(
        routes=[media_route(files)],
        exception_handlers={NotFound: answer_404},
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as browser:
        yield browser
