"""The OpenAPI document is checked with thousands of generated requests."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.contract.run import cases_without_a_failure

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


async def test_every_route_answers_as_the_document_says(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = await cases_without_a_failure(settings, tmp_path, monkeypatch, "--max-examples=100")
    assert cases >= 2000, f"only {cases}"
