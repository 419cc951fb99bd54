"""The running service keeps what its document promises, whatever it is sent."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.contract.run import cases_without_a_failure


async def test_every_route_keeps_its_promises(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = await cases_without_a_failure(settings, tmp_path, monkeypatch, "--max-examples=5")
    assert cases >= 300
