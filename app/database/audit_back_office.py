"""The audit of the back office's book: what was done is in force, and the other way round."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from app.database.audit_books import Progress
from app.database.audit_rules import Row, Violation
from app.database.client import Database
from app.database.job_ranges import rows_of, split_table

_SUSPENDED = f"""
RETURN (SELECT VALUE record::id(id) FROM {rows_of("credit_account")} WHERE suspended = true)"""  # noqa: S608 constants
_OFF = "SELECT VALUE record::id(id) FROM template_switch WHERE enabled = false"
# What an action has changed is written with it, and never deleted.
_ACTIONS = f"""
RETURN (SELECT VALUE {{
    id: record::id(id), action: action, user: user, job: job, template: template,
    is_effective:
      IF action = 'fail' {{ type::record('video_job', job ?? '-').ended_by = record::id(id) }}
      ELSE IF action IN ['suspend', 'unsuspend'] {{
        record::exists(type::record('credit_account', user ?? '-'))
      }}
      ELSE IF action IN ['enable', 'disable'] {{
        record::exists(type::record('template_switch', template ?? '-'))
      }}
      ELSE IF action = 'erase' {{ record::exists(type::record('erasure', user ?? '-')) }}
      ELSE {{
        type::record('credit_entry',
          IF action = 'refund' {{ [job, 'refund'] }} ELSE {{ reference ?? '-' }}
        ).{{ user, credits }} = {{ user: user, credits: credits }}
      }}
  }} FROM {rows_of("admin_action")})"""  # noqa: S608 constants


@dataclass
class _Unexplained:
    """What is in force although the book has no action for it, as far as it has been read."""

    suspended: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)


async def check_back_office(database: Database, progress: Progress) -> AsyncIterator[Violation]:
    """Find actions without their effect, and suspensions and switches without an action.

    Effects are read before the book: what is written meanwhile is in the book already.
    """
    unexplained = _Unexplained(off=set(await database.query(_OFF)))
    for ids in await split_table(database, "credit_account"):
        unexplained.suspended |= set(await database.query(_SUSPENDED, first=ids.first, end=ids.end))
    for ids in await split_table(database, "admin_action"):
        actions = await database.query(_ACTIONS, first=ids.first, end=ids.end)
        progress(len(actions))
        for action in actions:
            if not action["is_effective"]:
                yield _without_effect(action)
            if action["action"] == "suspend":
                unexplained.suspended.discard(action["user"])
            if action["action"] == "disable":
                unexplained.off.discard(action["template"])
    for user in sorted(unexplained.suspended):
        yield Violation(user, "is suspended without an action of the back office")
    for template in sorted(unexplained.off):
        yield Violation(template, "is off without an action of the back office")


def _without_effect(action: Row) -> Violation:
    subject = action.get("job") or action.get("user") or action.get("template")
    is_about_credits = action["action"] in {"grant", "withdraw", "refund"}
    what = "has no ledger entry with its user and credits" if is_about_credits else "had no effect"
    return Violation(str(subject), f"admin_action {action['id']} ({action['action']}) {what}")
