"""Who changes something in the back office, and why."""

from dataclasses import dataclass, field

from uuid_utils import uuid7


@dataclass(frozen=True, kw_only=True)
class AdminAction:
    """What a change writes to ``admin_action``, besides what it changes.

    The id is chosen before the first call, so that a call which is repeated is written once.
    """

    key: str
    """The key that was used: the first 8 hexadecimal digits of its SHA-256."""
    reason: str | None = None
    id: str = field(default_factory=lambda: str(uuid7()))
