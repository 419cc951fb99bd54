"""The service as a process of its own, with limits that nobody reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures_sockets import free_port
from tests.process import started
from tests.soak.world import AMPLE
from tests.stand_ins.fal import FalStandIn
from tests.tokens import SECRET


def migrate(folder: Path) -> None:
    """Make the embedded store of the processes that are started in ``folder``."""
    with started(folder, "scripts.migrate") as migration:
        assert migration.ended() == 0, migration.stderr


@contextmanager
def served(folder: Path, fal_port: int) -> Iterator[str]:
    """Serve as ``make run`` does, embedded engine and local files, but with fal at ``fal_port``."""
    migrate(folder)
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    own = {
        "PORT": port,
        "PUBLIC_URL": url,
        "FAL_KEY": FalStandIn.key,
        "FAL_PORT": str(fal_port),
        "AUTH_JWT_SECRET": SECRET,
    }
    with started(folder, "tests.soak.serve", **own | AMPLE) as service:
        service.url = url
        service.until_ready()
        yield url
