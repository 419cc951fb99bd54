"""The running service answers generated requests as its OpenAPI document says."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.contract.run import cases_without_a_failure


async def test_every_route_answers_as_documented(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = await cases_without_a_failure(settings, tmp_path, monkeypatch, "--max-examples=5")
    assert cases >= 300
