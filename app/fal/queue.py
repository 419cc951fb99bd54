"""fal's queue: submit, status, result and cancel, and the door to its storage.

fal-client knows fal's addresses, its credentials and the ways into its storage. The four calls
to the queue are made here over the same connections: its own would repeat a paid submit, poll
for a result without end, and drop the answers to submit and cancel.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

import fal_client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import QUEUE_URL_FORMAT, USER_AGENT

from app.errors import FalAnswerLost, FalCancelled, FalNotFound, FalRefused, FalUnavailable
from app.fal.storage import FalStorage
from app.fal.transport import SingleAttempt, parse
from app.telemetry.seam import Seam

STATUS_DEADLINE = 10.0
RESULT_DEADLINE = 30.0
CANCEL_DEADLINE = 10.0
MEDIA_TIMEOUT = httpx.Timeout(30, connect=5)
# Shorter than any server keeps an idle connection: a submit on one that is just being closed
# loses its answer.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3)

State = Literal["queued", "running", "completed"]
Cancellation = Literal["cancelled", "requested", "too_late"]

_STATES: dict[object, State] = {
    "IN_QUEUE": "queued",
    "IN_PROGRESS": "running",
    "COMPLETED": "completed",
}
_CANCELLATIONS: dict[object, Cancellation] = {
    "OK": "cancelled",
    "CANCELLATION_REQUESTED": "requested",
    "ALREADY_COMPLETED": "too_late",
}
CLIENT_CANCELLED = 499
LONGEST_QUEUE = 10_000_000
LONGEST_ID = 200
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True)
class Submitted:
    """fal has taken the job."""

    request_id: str
    queue_position: int | None


@dataclass(frozen=True)
class Progress:
    """How far a request is; ``completed`` says nothing of success, the result does."""

    state: State
    queue_position: int | None


class Fal:
    """fal as this service needs it: every method sends one request, upload aside.

    With ``transport`` given, every host is reached through it, and it is closed in the end;
    with None, the real ones through the proxies of the environment.
    """

    def __init__(self, *, key: str, transport: httpx.AsyncBaseTransport | None, seam: Seam) -> None:
        self.media = httpx.AsyncClient(transport=transport, timeout=MEDIA_TIMEOUT, limits=LIMITS)
        """For downloads: the same connections, without the key."""
        self._api = httpx.AsyncClient(
            transport=SingleAttempt(self.media, secret=key), headers={"User-Agent": USER_AGENT}
        )
        self._credentials = AuthCredentials("Key", key)
        self._storage = FalStorage(self._credentials, self._api)
        self._seam = seam

    async def upload(self, image: bytes, *, content_type: str, file_name: str) -> str:
        """Store ``image`` at fal for a day, byte for byte, and return its URL.

        Raises:
            FalRefused: fal answered 4xx.
            FalUnavailable: anything else.

        """
        return await self._seam(
            "fal.upload", lambda: self._storage.keep(image, content_type, file_name)
        )

    async def submit(
        self, model: str, arguments: dict[str, Any], *, webhook_url: str | None
    ) -> Submitted:
        """Queue a job; a paid one, so the request leaves at most once.

        Raises:
            FalUnavailable: nothing was sent.
            FalRefused: fal said no, with any status.
            FalAnswerLost: it was sent, and what fal made of it is unknown.

        """
        query = None if webhook_url is None else {"fal_webhook": webhook_url}
        response = await self._seam(
            "fal.submit",
            lambda: self._call("POST", QUEUE_URL_FORMAT + model, params=query, json=arguments),
        )
        try:
            answer = parse(response.content)
        except ValueError as error:
            raise FalAnswerLost("fal's answer makes no sense") from error
        match answer:
            case {"request_id": str(request_id)} if is_request_id(request_id):
                return Submitted(request_id, _queue_position(answer))
        raise FalAnswerLost("fal took the job without naming it")

    async def status(self, model: str, request_id: str) -> Progress:
        """Ask how far a request is.

        Raises:
            FalNotFound: fal does not know it.
            FalUnavailable: any other failure, and a state that fal has never had.

        """
        url = self._handle(model, request_id).status_url
        try:
            answer = await self._ask("fal.status", "GET", url, deadline=STATUS_DEADLINE)
        except FalRefused as error:
            raise FalUnavailable(str(error)) from error
        match answer:
            case {"status": str(state)} if state in _STATES:
                return Progress(_STATES[state], _queue_position(answer))
        raise FalUnavailable("fal's status makes no sense")

    async def result(self, model: str, request_id: str) -> str:
        """Return the URL of a completed request's video.

        Raises:
            FalRefused: the model failed, or made no video.
            FalCancelled: it was ended because somebody asked for it.
            FalNotFound: fal does not know the request.
            FalUnavailable: it is not complete, or fal failed on its own account.

        """
        url = self._handle(model, request_id).response_url
        try:
            answer = await self._ask("fal.result", "GET", url, deadline=RESULT_DEADLINE)
        except FalRefused as error:
            if error.status == CLIENT_CANCELLED:
                raise FalCancelled(str(error)) from error
            if error.status == HTTPStatus.BAD_REQUEST and "still in progress" in str(error):
                raise FalUnavailable(str(error)) from error
            raise
        match answer:
            case (
                {"video": {"url": str(video)}}
                | {"video": str(video)}
                | {"videos": [{"url": str(video)}, *_]}
            ) if video:
                return video
            case {"status": "IN_QUEUE" | "IN_PROGRESS"}:
                raise FalUnavailable("the request is not complete")
        raise FalRefused("fal answered without a video", status=HTTPStatus.OK)

    async def cancel(self, model: str, request_id: str) -> Cancellation:
        """Ask fal to drop a request: ``cancelled`` only where it had not begun.

        Raises:
            FalRefused: fal said no with a 4xx.
            FalNotFound: fal does not know the request.
            FalUnavailable: any other failure.

        """
        url = self._handle(model, request_id).cancel_url
        try:
            answer = await self._ask("fal.cancel", "PUT", url, deadline=CANCEL_DEADLINE)
        except FalRefused as error:
            if error.status == HTTPStatus.BAD_REQUEST:  # ALREADY_COMPLETED, fal's only 400 here
                return "too_late"
            raise
        match answer:
            case {"status": str(outcome)} if outcome in _CANCELLATIONS:
                return _CANCELLATIONS[outcome]
        return "requested"

    async def aclose(self) -> None:
        """Close every connection."""
        await self._api.aclose()
        await self.media.aclose()

    def _handle(self, model: str, request_id: str) -> fal_client.AsyncRequestHandle:
        try:
            return fal_client.AsyncRequestHandle.from_request_id(
                self._api, model, quote(request_id, safe="")
            )
        except (ValueError, IndexError) as error:
            raise FalNotFound(f"{model!r} is no model of fal's") from error

    async def _ask(self, name: str, method: str, url: str, *, deadline: float) -> Any:
        """Put a question that may be put again; a FalRefused that comes out is definite."""
        try:
            async with asyncio.timeout(deadline):
                response = await self._seam(name, lambda: self._call(method, url))
            return parse(response.content)
        except (FalAnswerLost, TimeoutError) as error:
            raise FalUnavailable("fal does not answer") from error
        except ValueError as error:
            raise FalUnavailable("fal's answer makes no sense") from error
        except FalRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise FalNotFound(str(error)) from error
            if error.status in _PASSING or not httpx.codes.is_client_error(error.status):
                raise FalUnavailable(str(error)) from error
            raise

    async def _call(self, method: str, url: str, **content: Any) -> httpx.Response:
        return await self._api.request(
            method, url, headers=self._credentials.as_headers(), **content
        )


def is_request_id(text: str) -> bool:
    """Tell what may be a request's id from what can only be a mistake, or a lie."""
    return 1 <= len(text) <= LONGEST_ID and text.isprintable()


def _queue_position(answer: dict[str, object]) -> int | None:
    match answer.get("queue_position"):
        case bool():
            return None
        case int(position) if 0 <= position <= LONGEST_QUEUE:
            return position
    return None
