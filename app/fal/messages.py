"""What is sent to fal's queue, and what its answers mean.

Source: https://docs.fal.ai/model-apis/model-endpoints/queue
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from app.errors import FalAnswerLost, FalRefused, FalUnavailable

RequestState = Literal["queued", "running", "completed"]
Cancellation = Literal["cancelled", "requested", "too_late"]

_STATES: dict[object, RequestState] = {
    "IN_QUEUE": "queued",
    "IN_PROGRESS": "running",
    "COMPLETED": "completed",
}
_CANCELLATIONS: dict[object, Cancellation] = {
    "OK": "cancelled",
    "CANCELLATION_REQUESTED": "requested",
    "ALREADY_COMPLETED": "too_late",
}
LONGEST_QUEUE = 10_000_000
LONGEST_ID = 200


@dataclass(frozen=True)
class Submitted:
    """fal has accepted the job under ``request_id``."""

    request_id: str
    queue_position: int | None


@dataclass(frozen=True)
class Progress:
    """The state of a request; ``completed`` does not mean success, only the result does."""

    state: RequestState
    queue_position: int | None


@dataclass(frozen=True)
class Callback:
    """What fal's webhook tells: a request has ended, maybe with a video at ``video_url``."""

    request_id: str
    video_url: str | None


def encode_arguments(arguments: Mapping[str, object]) -> bytes:
    """Return a model's arguments as the JSON body of a submit.

    Raises:
        ValueError: JSON cannot express them, for example NaN or half a surrogate pair.

    """
    try:
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The arguments for fal cannot be written as JSON: {error}") from error


def parse(body: bytes | bytearray) -> Any:
    """Parse JSON of any depth.

    Raises:
        ValueError: ``body`` is not JSON, or is nested too deeply to be parsed.

    """
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def submitted_from(body: bytes) -> Submitted:
    """Read the answer to a submit.

    Raises:
        FalAnswerLost: it does not say which request fal has accepted.

    """
    try:
        answer = parse(body)
    except ValueError as error:
        raise FalAnswerLost("fal's answer cannot be read") from error
    match answer:
        case {"request_id": str(request_id)} if _is_request_id(request_id):
            return Submitted(request_id, _queue_position(answer))
    raise FalAnswerLost("fal's answer has no request id")


def progress_from(answer: object) -> Progress:
    """Read the answer to a status call.

    Raises:
        FalUnavailable: it has no state that fal documents.

    """
    match answer:
        case {"status": str(state)} if state in _STATES:
            return Progress(_STATES[state], _queue_position(answer))
    raise FalUnavailable("fal's status cannot be read")


def video_url_from(answer: object) -> str:
    """Return the URL of the video in a model's output.

    Raises:
        FalRefused: there is none.
        FalUnavailable: the answer is a status, because the request is not complete.

    """
    match answer:
        case (
            {"video": {"url": str(url)}} | {"video": str(url)} | {"videos": [{"url": str(url)}, *_]}
        ) if url:
            return url
        case {"status": "IN_QUEUE" | "IN_PROGRESS"}:
            raise FalUnavailable("the request is not complete")
    raise FalRefused("fal answered without a video", status=HTTPStatus.OK)


def callback_from(body: object) -> Callback | None:
    """Read a webhook; None if it names no request. If it names no video, the result call tells."""
    match body:
        case {"request_id": str(request_id), "status": "OK", "payload": payload}:
            try:
                return Callback(request_id, video_url_from(payload))
            except (FalRefused, FalUnavailable):
                return Callback(request_id, None)
        case {"request_id": str(request_id)}:
            return Callback(request_id, None)
    return None


def cancellation_from(answer: object) -> Cancellation:
    """Read the answer to a cancel that fal did not refuse; an unknown one counts as requested."""
    match answer:
        case {"status": str(outcome)} if outcome in _CANCELLATIONS:
            return _CANCELLATIONS[outcome]
    return "requested"


def _is_request_id(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_ID and text.isprintable()


def _queue_position(answer: object) -> int | None:
    match answer:
        case {"queue_position": bool()}:
            return None
        case {"queue_position": int(position)} if 0 <= position <= LONGEST_QUEUE:
            return position
    return None
