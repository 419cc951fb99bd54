"""What the look for advisories makes of pip-audit's answers."""

import json
import sys
from typing import Any

import pytest

from scripts.support import advisories
from scripts.support.advisories import look

SOUND = {"name": "httpx", "version": "0.28.1", "vulns": []}
UNKNOWN = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {
    "name": "starlette",
    "version": "1.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.3.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


def answering(status: int, *dependencies: dict[str, Any]) -> list[str]:
    told = json.dumps({"dependencies": dependencies, "fixes": []})
    return [sys.executable, "-c", f"print({told!r}); raise SystemExit({status})"]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (answering(0, SOUND), 0, "1 packages, 0 vulnerable"),
        (answering(1, SOUND, VULNERABLE), 1, "starlette 1.0.0: PYSEC-1, fixed in 1.3.1"),
        (answering(1, SOUND, VULNERABLE), 1, "PYSEC-2, fixed in no version yet"),
        (answering(0, SOUND, UNKNOWN), 0, "does not know private"),
        (answering(0, UNKNOWN, UNKNOWN), 0, "could not look: the index knows none"),
        ([sys.executable, "-c", "raise OSError('no route')"], 0, "could not look: OSError: no"),
    ],
)
def test_only_what_is_known_to_be_vulnerable_fails(
    capsys: pytest.CaptureFixture[str], command: list[str], status: int, said: str
) -> None:
    assert look(command) == status
    assert said in capsys.readouterr().out


def test_an_index_that_hangs_fails_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisories, "PATIENCE", 0.1)
    assert look([sys.executable, "-c", "import time; time.sleep(60)"]) == 0
    assert "could not look: no end" in capsys.readouterr().out
