"""One request for a video, with its outcome once it has one."""

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from app.local_fal.outcome import Outcome

NAMESPACES = ("workflows", "comfy")
LOCAL = "local-"
"""How the ids of this queue begin: fal's own never do."""


def is_local(request_id: str | None) -> bool:
    """Return whether a request was made here and not at fal."""
    return request_id is not None and request_id.startswith(LOCAL)


@dataclass(kw_only=True, eq=False)
class Generation:
    """A request that is queued, running, or finished (then it has an ``outcome``).

    ``submitted_at`` is in nanoseconds since the epoch, ``inference_time`` in seconds.
    """

    model: str
    arguments: dict[str, Any]
    id: str = field(default_factory=lambda: f"{LOCAL}{uuid4()}")
    submitted_at: int = field(default_factory=time.time_ns)
    logs: list[dict[str, str]] = field(default_factory=list)
    inference_time: float | None = None
    outcome: Outcome | None = None

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        outcome = fields.pop("outcome")
        return cls(**fields, outcome=outcome and Outcome(**outcome))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @property
    def app(self) -> str:
        """The model without its sub-path, as status, result and cancel address it."""
        parts = self.model.split("/")
        return "/".join(parts[: 3 if parts[0] in NAMESPACES else 2])

    @property
    def prompt(self) -> str:
        return str(self.arguments.get("prompt") or "")

    @property
    def metrics(self) -> dict[str, float]:
        return {} if self.inference_time is None else {"inference_time": self.inference_time}

    def log(self, message: str) -> None:
        """Add ``message`` to the logs; safe to call from any thread."""
        now = datetime.now(UTC).isoformat()
        self.logs.append({"message": message, "level": "INFO", "source": "USER", "timestamp": now})
