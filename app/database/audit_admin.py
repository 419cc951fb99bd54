"""The audit of what the back office did to jobs, users and templates, and of its book."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from app.database.audit_rules import Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

_SUSPENDED = f"""
RETURN (SELECT VALUE record::id(id) FROM {rows_of("credit_account")} WHERE suspended = true)"""  # noqa: S608 constants
_OFF = "SELECT VALUE record::id(id) FROM template_switch WHERE enabled = false"
# A job, an account and a switch are written with their action and never deleted.
_ACTIONS = f"""
RETURN (SELECT VALUE {{
    id: record::id(id), action: action, user: user, job: job, template: template,
    ended: type::record('video_job', job ?? '-').ended_by,
    is_account: record::exists(type::record('credit_account', user ?? '-')),
    is_switch: record::exists(type::record('template_switch', template ?? '-'))
  }} FROM {rows_of("admin_action")}
  WHERE action IN ['fail', 'suspend', 'unsuspend', 'enable', 'disable'])"""  # noqa: S608 constants


@dataclass
class _Unexplained:
    """What is in force although the book has no action for it, as far as it has been read."""

    suspended: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)


async def check_admin_actions(database: Database) -> AsyncIterator[Violation]:
    """Find actions without their effect, and suspensions and switches without an action.

    Effects are read before the book: what is written meanwhile is in the book already.
    """
    unexplained = _Unexplained(off=set(await database.query(_OFF)))
    for ids in await split_table(database, "credit_account"):
        unexplained.suspended |= set(await database.query(_SUSPENDED, first=ids.first, end=ids.end))
    for ids in await split_table(database, "admin_action"):
        for action in await database.query(_ACTIONS, first=ids.first, end=ids.end):
            if finding := _finding(action):
                yield Violation(action["job"] or action["user"] or action["template"], finding)
            if action["action"] == "suspend":
                unexplained.suspended.discard(action["user"])
            if action["action"] == "disable":
                unexplained.off.discard(action["template"])
    for user in sorted(unexplained.suspended):
        yield Violation(user, "is suspended without an action of the back office")
    for template in sorted(unexplained.off):
        yield Violation(template, "is off without an action of the back office")


def _finding(action: Row) -> str | None:
    match action["action"]:
        case "fail":
            found = action["ended"] == action["id"]
        case "suspend" | "unsuspend":
            found = action["is_account"]
        case _:
            found = action["is_switch"]
    return None if found else f"admin_action {action['id']} ({action['action']}) had no effect"
