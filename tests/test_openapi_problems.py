"""Every problem that the document knows is brought about, and answered as it says."""

import pytest

from app import watch
from app.settings import Settings
from tests.openapi import INTERFACE
from tests.problems.provocations import ALIKE, OWN
from tests.problems.scene import FaultySeam, Scene
from tests.service import running
from tests.stand_ins.fal import FalStandIn


@pytest.mark.parametrize(("operation", "code"), sorted(INTERFACE.problems()))
async def test_problem_is_answered_as_documented(
    settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
) -> None:
    monkeypatch.setattr(watch, "FRESH", 0.0)
    plenty = settings.model_copy(update={"credits_signup_grant": 1000})
    seam = FaultySeam()
    async with running(plenty, fal, seam=seam) as run:
        scene = Scene(operation, run, fal, seam, monkeypatch)
        provoke = OWN.get((operation, code)) or ALIKE[code]
        answer = await provoke(scene)
        examples = INTERFACE.check(answer)
        told = answer.json()
        assert told["code"] == code
        assert told | {"jobId": ""} == examples[code] | {"jobId": ""}
        seam.error = None
