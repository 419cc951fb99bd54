"""Checks the pinned packages for known vulnerabilities; exits with 1 if there is one.

pip-audit asks PyPI about each package. It exits with 1 also if PyPI cannot be reached, and with 0
behind a mirror that has no advisories. This script reports both cases and exits with 0.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

TIMEOUT = 180
"""Seconds for about a hundred packages."""
PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"),
    *("--progress-spinner=off", "--timeout=5", "--format=json", "--requirement=constraints.txt"),
)


def check(command: Sequence[str]) -> int:
    """Print pip-audit's findings and return the exit status."""
    try:
        audit = subprocess.run(  # noqa: S603 our own arguments
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        known = json.loads(audit.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _unchecked(f"pip-audit did not end within {TIMEOUT} seconds")
    except ValueError:
        return _unchecked(audit.stderr.strip().rpartition("\n")[2])
    skipped = [each["name"] for each in known if "skip_reason" in each]
    if len(skipped) == len(known):
        return _unchecked("the index has no advisories for any package")
    vulnerable = [each for each in known if each.get("vulns")]
    for each in vulnerable:
        for found in each["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {found['id']}, fixed in {fixed}")
    if skipped:
        print(f"Advisories: the index has none for {', '.join(skipped)}")
    print(f"Advisories: {len(known) - len(skipped)} packages, {len(vulnerable)} vulnerable")
    return 1 if vulnerable else 0


def _unchecked(reason: str) -> int:
    print(f"Advisories: not checked: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(check(PIP_AUDIT))
