"""The service at ``EVENTS_URL``, which is told how jobs end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from app import times
from app.errors import EventNotTaken
from app.events.signing import Signer
from app.server.certificates import reading_certificates
from app.settings import Settings
from app.telemetry.seam import Seam

HEADERS = {"Content-Type": "application/json", "User-Agent": "video-generation"}
CONNECTIONS = 20
"""Attempts at the same time."""


class Receiver:
    """Posts messages to one address. Each call is one attempt; redirects are not followed."""

    def __init__(self, url: str, signer: Signer, client: httpx.AsyncClient, seam: Seam) -> None:
        self._url = url
        self._signer = signer
        self._client = client
        self._seam = seam

    async def tell(self, message_id: str, body: bytes) -> None:
        """Post a message.

        Raises:
            EventNotTaken: the receiver did not answer 2xx in time. It may have read the message.

        """
        signed = self._signer.headers(message_id, body.decode(), at=datetime.now(UTC))
        try:
            async with asyncio.timeout(times.EVENT_ATTEMPT):
                answer = await self._seam("events.tell", lambda: self._post(body, HEADERS | signed))
        except TimeoutError as error:
            raise EventNotTaken(
                f"EVENTS_URL did not answer in {times.EVENT_ATTEMPT:.0f} s"
            ) from error
        except httpx.HTTPError as error:
            raise EventNotTaken(f"EVENTS_URL cannot be reached: {error!r}") from error
        if not answer.is_success:
            raise EventNotTaken(f"EVENTS_URL answered {answer.status_code}")

    async def _post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Return the head of the answer. Its body is not read: it may be of any size."""
        async with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
            return answer


@asynccontextmanager
async def open_receiver(settings: Settings, seam: Seam) -> AsyncIterator[Receiver | None]:
    """Open the receiver that the settings name; None if they name none.

    Raises:
        ConfigurationError: the certificates of the environment cannot be read.

    """
    if settings.events_url is None:
        yield None
        return
    signer = Signer(secret.get_secret_value() for secret in settings.events_secret)
    with reading_certificates():
        client = httpx.AsyncClient(
            timeout=times.EVENT_ATTEMPT, limits=httpx.Limits(max_connections=CONNECTIONS)
        )
    async with client:
        yield Receiver(settings.events_url, signer, client, seam)
