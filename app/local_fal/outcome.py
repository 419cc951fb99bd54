"""The answer of a result call: a video, an error of the model, or a failure of fal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Outcome:
    """An HTTP answer in one of the three shapes of fal's results."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def video(cls, *, url: str, content_type: str, file_name: str, file_size: int) -> Self:
        """Return the result of an image-to-video model; ``file_size`` is in bytes."""
        video = {
            "url": url,
            "content_type": content_type,
            "file_name": file_name,
            "file_size": file_size,
        }
        return cls(200, {"video": video})

    @classmethod
    def model_error(
        cls,
        kind: str,
        message: str,
        *,
        loc: Sequence[str] = ("body",),
        status: int = 422,
        retryable: bool = False,
        **more: Any,
    ) -> Self:
        """Return an error of the model, whose detail is a list; ``more`` is ``ctx`` and ``input``.

        Source: https://docs.fal.ai/errors
        """
        detail = {
            "loc": list(loc),
            "msg": message,
            "type": kind,
            "url": f"https://docs.fal.ai/errors#{kind}",
            **more,
        }
        return cls(status, {"detail": [detail]}, {"X-Fal-Retryable": str(retryable).lower()})

    @classmethod
    def request_error(cls, status: int, kind: str, message: str) -> Self:
        """Return a failure of fal's infrastructure, whose detail is a text."""
        body = {"detail": message, "error_type": kind}
        return cls(status, body, {"X-Fal-Error-Type": kind})

    @property
    def error(self) -> dict[str, str]:
        """The error fields of a status answer; it has none for an error of the model."""
        if "error_type" not in self.body:
            return {}
        return {"error": self.body["detail"], "error_type": self.body["error_type"]}
