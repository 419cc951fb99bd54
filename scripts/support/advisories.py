"""Is any of the pinned versions known to be vulnerable? Exits with 1 where one is.

pip-audit asks PyPI about each of them. It exits with 1 where PyPI cannot be reached as well, and
with 0 behind a mirror that knows of no advisories at all: here both are said, and fail nothing.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

PATIENCE = 180
"""Seconds for about a hundred questions."""
PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
    *("--progress-spinner=off", "--timeout=5", "--format=json", "--requirement=constraints.txt"),
)


def look(command: Sequence[str]) -> int:
    """Print what pip-audit has found out, and return the exit status."""
    try:
        ended = subprocess.run(  # noqa: S603 our own arguments
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        known = json.loads(ended.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _could_not_look(f"no end within {PATIENCE} seconds")
    except ValueError:
        return _could_not_look(ended.stderr.strip().rpartition("\n")[2])
    skipped = [each["name"] for each in known if "skip_reason" in each]
    if len(skipped) == len(known):
        return _could_not_look("the index knows none of the packages")
    vulnerable = [each for each in known if each.get("vulns")]
    for each in vulnerable:
        for found in each["vulns"]:
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {found['id']}, fixed in {mended}")
    if skipped:
        print(f"Advisories: the index does not know {', '.join(skipped)}")
    print(f"Advisories: {len(known) - len(skipped)} packages, {len(vulnerable)} vulnerable")
    return 1 if vulnerable else 0


def _could_not_look(reason: str) -> int:
    print(f"Advisories: could not look: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(look(PIP_AUDIT))
