"""Calls to R2, and what its answers mean here."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from app.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from app.telemetry.seam import Seam

T = TypeVar("T")

REQUEST_SECONDS = 300

_CREDENTIALS = " Check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and what they are allowed to do."
ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: _CREDENTIALS,
    HTTPStatus.FORBIDDEN: _CREDENTIALS,
    HTTPStatus.NOT_FOUND: " Check R2_BUCKET.",
}


class Refusal(StorageUnavailable):
    """R2 answered, and not with success; ``status`` is the HTTP status."""

    def __init__(self, error: ClientError) -> None:
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        super().__init__(
            f"R2 answered {self.status} ({code}) to {error.operation_name}."
            f"{ADVICE.get(self.status, '')}"
        )


async def called(
    seam: Seam, name: str, call: Callable[[], Awaitable[T]], *, seconds: float = REQUEST_SECONDS
) -> T:
    """Carry a call out within ``seconds``.

    Raises:
        Refusal: R2 said no.
        StorageUnavailable: it did not answer.

    """
    try:
        async with asyncio.timeout(seconds):
            return await seam(name, call)
    except ClientError as error:
        raise Refusal(error) from error
    except (BotoCoreError, ResponseParserError, OSError) as error:
        raise StorageUnavailable(
            f"R2 cannot be reached ({type(error).__name__}). Check R2_ENDPOINT_URL."
        ) from error


def require(answer: Mapping[str, Any], name: str) -> str:
    """Return a field of an answer; botocore takes anybody's 200, a captive proxy's too."""
    if not answer.get(name):
        raise StorageUnavailable(f"The answer is not R2's: it lacks {name}.")
    return str(answer[name])
