"""Provokes every documented problem and compares the answer with the document."""

import pytest
from pydantic import SecretStr

from app.jobs import snapshots
from app.settings import Settings
from tests.support.openapi import INTERFACE
from tests.support.problems.provocations import ALIKE, OWN
from tests.support.problems.scene import ADMIN_KEY, FaultySeam, Scene
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn


@pytest.mark.parametrize(("operation", "code"), sorted(INTERFACE.problems()))
async def test_problem_is_answered_as_documented(
    settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    keys = (SecretStr(ADMIN_KEY),)
    plenty = settings.model_copy(update={"credits_signup_grant": 1000, "admin_api_keys": keys})
    seam = FaultySeam()
    async with running(plenty, fal, seam=seam) as run:
        scene = Scene(operation, run, fal, seam, monkeypatch)
        provoke = OWN.get((operation, code)) or ALIKE[code]
        answer = await provoke(scene)
        examples = INTERFACE.check(answer)
        body = answer.json()
        assert body["code"] == code
        assert body | {"jobId": ""} == examples[code] | {"jobId": ""}
        seam.error = None
