"""The client for fal: its storage, its queue, and the connections for downloads.

Calls of one kind share a lane, so that a kind that hangs leaves the others their connections.

fal-client supplies fal's addresses, credentials and uploads. The four calls to the queue are made
here over the same connections: fal-client would repeat a paid submit, poll for a result without a
deadline, and drop the answers to submit and cancel.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import fal_client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import QUEUE_URL_FORMAT, USER_AGENT

from app.errors import FalAnswerLost, FalCancelled, FalNotFound, FalRefused, FalUnavailable
from app.fal.lanes import LANES, Lane
from app.fal.lines import Lines
from app.fal.messages import (
    Cancellation,
    Progress,
    Submitted,
    cancellation_from,
    parse,
    progress_from,
    submitted_from,
    video_url_from,
)
from app.fal.operator_refusals import OperatorRefusals
from app.fal.storage import FalStorage
from app.fal.transport import SingleAttempt, unbind
from app.telemetry.seam import Seam, T

STATUS_DEADLINE = 10.0
"""Seconds."""
RESULT_DEADLINE = 30.0
"""Seconds."""
CANCEL_DEADLINE = 10.0
"""Seconds."""
MEDIA_TIMEOUT = httpx.Timeout(30, connect=5)
# Idle connections are closed before any server closes them: a submit on a connection that the
# server is closing loses its answer.
# The connections are bounded by the lanes and by the deliveries of one process.
LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=3)

CLIENT_CANCELLED = 499
"""fal's status for the result of a cancelled request."""


class Fal:
    """Calls fal. Each method but ``upload`` sends exactly one request.

    With ``transport``, every host is reached through it, and :meth:`aclose` closes it. Without
    one, the proxies of the environment are used.
    """

    def __init__(self, *, key: str, transport: httpx.AsyncBaseTransport | None, seam: Seam) -> None:
        self.media = httpx.AsyncClient(transport=transport, timeout=MEDIA_TIMEOUT, limits=LIMITS)
        """For downloads: the same connections, without the key."""
        self._api = httpx.AsyncClient(
            transport=SingleAttempt(self.media, secret=key),
            headers={"User-Agent": USER_AGENT},
            event_hooks={"response": [unbind]},
        )
        credentials = AuthCredentials("Key", key)
        self._authorization = credentials.as_headers()
        self._storage = FalStorage(credentials, self._api)
        self.lines = Lines(self.media, self._storage.upload_host)
        self._seam = seam
        self._lanes = {name: Lane(calls) for name, calls in LANES.items()}
        self._operator_refusals = OperatorRefusals()

    async def upload(self, image: bytes, *, content_type: str, file_name: str) -> str:
        """Store ``image`` at fal for a day, byte for byte, and return its URL.

        Raises:
            FalRefused: fal answered 4xx.
            FalUnavailable: anything else, such as a refusal of this service's key.

        """
        return await self._call(
            "fal.upload", lambda: self._storage.store(image, content_type, file_name)
        )

    async def submit(self, model: str, body: bytes, *, webhook_url: str | None) -> Submitted:
        """Queue a job, which fal bills: the request is sent at most once.

        Args:
            model: the model's full id.
            body: the model's arguments, from :func:`app.fal.messages.encode_arguments`.
            webhook_url: where fal reports the end of the job; None if it cannot reach us.

        Raises:
            FalUnavailable: nothing was sent, or fal refused this service's key or account.
            FalRefused: fal refused the job, with any other status.
            FalAnswerLost: the request was sent, and it is unknown whether fal accepted it.

        """
        self.lines.note_submit()
        query = None if webhook_url is None else {"fal_webhook": webhook_url}
        response = await self._call(
            "fal.submit",
            lambda: self._api.post(
                QUEUE_URL_FORMAT + model,
                params=query,
                content=body,
                headers=self._authorization | {"Content-Type": "application/json"},
            ),
        )
        return submitted_from(response.content)

    async def status(self, model: str, request_id: str) -> Progress:
        """Ask for the state of a request.

        Raises:
            FalNotFound: fal does not know it.
            FalUnavailable: any other failure, and a state that fal does not document.

        """
        url = self._handle(model, request_id).status_url
        try:
            answer = await self._ask("fal.status", "GET", url, deadline=STATUS_DEADLINE)
        except FalRefused as error:
            raise _temporary(error) from error
        return progress_from(answer)

    async def result(self, model: str, request_id: str) -> str:
        """Return the URL of a completed request's video.

        Raises:
            FalRefused: the model failed, or made no video.
            FalCancelled: the request was cancelled.
            FalUnavailable: any other answer, 404 included: fal has reported a result.

        """
        try:
            url = self._handle(model, request_id).response_url
            answer = await self._ask("fal.result", "GET", url, deadline=RESULT_DEADLINE)
        except FalRefused as error:
            if error.status == CLIENT_CANCELLED:
                raise FalCancelled(str(error)) from error
            bad_request = error.status == HTTPStatus.BAD_REQUEST
            unfinished = bad_request and "still in progress" in str(error)
            if unfinished or not error.is_about_the_job:
                raise FalUnavailable(str(error)) from error
            raise
        except FalNotFound as error:
            raise FalUnavailable(str(error)) from error
        return video_url_from(answer)

    async def cancel(self, model: str, request_id: str) -> Cancellation:
        """Ask fal to drop a request; only one that has not begun is ``cancelled`` at once.

        Raises:
            FalNotFound: fal does not know the request.
            FalUnavailable: any other failure.

        """
        url = self._handle(model, request_id).cancel_url
        try:
            answer = await self._ask("fal.cancel", "PUT", url, deadline=CANCEL_DEADLINE)
        except FalRefused as error:
            if error.status == HTTPStatus.BAD_REQUEST:  # ALREADY_COMPLETED, fal's only 400 here
                return "too_late"
            raise _temporary(error) from error
        return cancellation_from(answer)

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
            raise FalNotFound(f"{model!r} cannot be the id of a model") from error

    async def _call(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        async def in_turn() -> T:
            async with self._lanes[name].turn():
                return await call()

        try:
            return await self._seam(name, in_turn)
        except FalRefused as error:
            self._operator_refusals.check(name, error)
            raise

    async def _ask(self, name: str, method: str, url: str, *, deadline: float) -> Any:
        """Send a request that may be repeated later."""
        try:
            async with asyncio.timeout(deadline):
                response = await self._call(
                    name, lambda: self._api.request(method, url, headers=self._authorization)
                )
            return parse(response.content)
        except (FalAnswerLost, TimeoutError) as error:
            raise FalUnavailable("fal does not answer") from error
        except ValueError as error:
            raise FalUnavailable("fal's answer cannot be read") from error


def _temporary(refusal: FalRefused) -> FalNotFound | FalUnavailable:
    """Return what a refusal means if it cannot be about the job."""
    unknown = refusal.status == HTTPStatus.NOT_FOUND
    return FalNotFound(str(refusal)) if unknown else FalUnavailable(str(refusal))
