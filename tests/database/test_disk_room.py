"""A nearly full disk stops the embedded engine before it can lose what it has committed."""

from pathlib import Path

import pytest

from app.database import disk_room
from app.database.client import Database
from app.errors import ConfigurationError
from app.problems import DatabaseUnavailable
from tests.support.database import connected, embedded

NO_DISK_HAS_THIS = 1 << 60


async def test_nothing_is_written_to_a_nearly_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = embedded(f"surrealkv://{tmp_path}/store")
    async with connected(address) as database:
        with monkeypatch.context() as full:
            full.setattr(disk_room, "RESERVE", NO_DISK_HAS_THIS)
            with pytest.raises(DatabaseUnavailable) as refused:
                await database.query("CREATE thing:refused")
            assert "MiB free" in str(refused.value.__cause__)
            with pytest.raises(DatabaseUnavailable):
                await database.run_script("CREATE thing:refused")
        await database.query("CREATE thing:written")
        assert await database.query("SELECT VALUE record::id(id) FROM thing") == ["written"]


async def test_store_on_a_nearly_full_disk_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = embedded(f"surrealkv://{tmp_path}/store")
    async with connected(address):
        pass
    monkeypatch.setattr(disk_room, "RESERVE", NO_DISK_HAS_THIS)
    with pytest.raises(ConfigurationError, match="MiB free"):
        async with Database(address):
            pass
