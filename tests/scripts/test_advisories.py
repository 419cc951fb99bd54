"""The check for advisories reports vulnerable packages, and only those fail it."""

import json
import sys
from typing import Any

import pytest

from scripts.support import advisories
from scripts.support.advisories import check

SOUND = {"name": "httpx", "version": "0.28.1", "vulns": []}
UNKNOWN = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
VULNERABLE = {
    "name": "starlette",
    "version": "1.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.3.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


def pip_audit(status: int, *dependencies: dict[str, Any]) -> list[str]:
    output = json.dumps({"dependencies": dependencies, "fixes": []})
    return [sys.executable, "-c", f"print({output!r}); raise SystemExit({status})"]


@pytest.mark.parametrize(
    ("command", "status", "printed"),
    [
        (pip_audit(0, SOUND), 0, "1 packages, 0 vulnerable"),
        (pip_audit(1, SOUND, VULNERABLE), 1, "starlette 1.0.0: PYSEC-1, fixed in 1.3.1"),
        (pip_audit(1, SOUND, VULNERABLE), 1, "PYSEC-2, fixed in no version yet"),
        (pip_audit(0, SOUND, UNKNOWN), 0, "the index has none for private"),
        (pip_audit(0, UNKNOWN, UNKNOWN), 0, "not checked: the index has no advisories"),
        ([sys.executable, "-c", "raise OSError('no route')"], 0, "not checked: OSError: no"),
    ],
)
def test_only_a_known_vulnerability_fails_the_check(
    capsys: pytest.CaptureFixture[str], command: list[str], status: int, printed: str
) -> None:
    assert check(command) == status
    assert printed in capsys.readouterr().out


def test_an_index_that_hangs_does_not_fail_the_check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisories, "TIMEOUT", 0.1)
    assert check([sys.executable, "-c", "import time; time.sleep(60)"]) == 0
    assert "not checked: pip-audit did not end" in capsys.readouterr().out
