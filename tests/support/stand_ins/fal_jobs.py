"""A request in fal's queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.stand_ins.fal_hosts import QUEUE


@dataclass
class Job:
    """``steps`` are the states that status calls move it to; ``refusal`` is a status and a body."""

    request_id: str
    model: str
    arguments: Any
    webhook_url: str | None
    steps: Iterator[str]
    state: str = "IN_QUEUE"
    queue_position: int = 0
    output: Any = None
    refusal: tuple[int, dict[str, Any]] | None = None
    cancel_requested: bool = False

    @property
    def app(self) -> str:
        """The model without its sub-path, as status, result and cancel address it."""
        depth = 3 if self.model.startswith(("workflows/", "comfy/")) else 2
        return "/".join(self.model.split("/")[:depth])

    def progress(self) -> dict[str, Any]:
        """Return the answer to a status call."""
        answer = {"status": self.state, **self.urls()}
        match self.state:
            case "IN_QUEUE":
                return answer | {"queue_position": self.queue_position}
            case "COMPLETED":
                answer |= {"logs": None, "metrics": {"inference_time": 1.5}}
                failure = {"error": "the model failed", "error_type": "model_error"}
                return answer | (failure if self.refusal else {})
        return answer | {"logs": None}

    def urls(self) -> dict[str, Any]:
        base = f"https://{QUEUE}/{self.app}/requests/{self.request_id}"
        return {
            "request_id": self.request_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }
