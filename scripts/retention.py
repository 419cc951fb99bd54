"""Delete what is older than a number of days; without --apply, only count it.

Nothing is deleted unless an option names it, and no timer runs this. The ledger, the library,
finished videos, and the row of every job stay. Run it as the migrator.
"""

import argparse
from datetime import UTC, datetime, timedelta

from app.database.retention import Kind, apply_retention
from app.settings import Settings
from scripts.support.command import run, whole_number
from scripts.support.opening import open_migrated, print_target

DEADLINE = 300.0
"""Seconds for one call, as in ``scripts.audit``."""
COUNTED = {
    Kind.EVENTS: "jobs whose events",
    Kind.FAILED: "failed or cancelled jobs whose variables, address and start image",
    Kind.KEYS: "expired idempotency keys that",
}


async def main() -> int:
    parser = argparse.ArgumentParser(prog="retention", description=__doc__)
    for name, what in (
        ("events", "delete the events of jobs that ended DAYS ago"),
        ("failed", "delete variables, address and start image of jobs that failed DAYS ago"),
        ("keys", "delete the idempotency keys that expired DAYS ago"),
    ):
        parser.add_argument(f"--{name}", type=whole_number(36_500), metavar="DAYS", help=what)
    parser.add_argument("--apply", action="store_true", help="delete it")
    arguments = parser.parse_args()
    now = datetime.now(UTC)
    ends = {
        kind: now - timedelta(days=days)
        for kind in Kind
        if (days := getattr(arguments, kind.name.lower())) is not None
    }
    if not ends:
        parser.error("say what to delete: --events DAYS, --failed DAYS or --keys DAYS")
    async with open_migrated(Settings(), deadline=DEADLINE) as database:
        print_target(database.address)
        for kind, rows in (await apply_retention(database, ends, apply=arguments.apply)).items():
            print(f"{rows} {COUNTED[kind]} {'were' if arguments.apply else 'would be'} deleted")
    return 0


if __name__ == "__main__":
    run(main())
