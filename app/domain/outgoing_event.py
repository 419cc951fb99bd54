"""An outgoing event: the end of a job, which another service is to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID, uuid5

NAMESPACE = UUID("0198a6c2-4f1e-7d53-8b90-6a1c2e5f7d34")
"""Of the messages' ids. It never changes: receivers recognise repeated messages by their ids."""


@dataclass(frozen=True, kw_only=True)
class OutgoingEvent:
    """One row of ``outgoing_event`` that this process has leased."""

    job_id: str
    revision: int
    """The revision at which the job ended."""
    attempts: int
    """Attempts to tell it, the present one included."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of ``fn::outgoing_event::claim``."""
        job_id, revision = row["id"].id
        return cls(job_id=str(job_id), revision=revision, attempts=row["attempts"])

    @property
    def message_id(self) -> str:
        """The same at every attempt, so that a receiver recognises what it has had."""
        return str(uuid5(NAMESPACE, f"{self.job_id} {self.revision}"))
