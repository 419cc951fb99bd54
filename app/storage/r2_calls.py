"""Calls to R2, and the errors that they raise."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from app.errors import ServiceError, StorageUnavailable
from app.telemetry.dependencies import record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from app.telemetry.seam import Seam

T = TypeVar("T")

REQUEST_SECONDS = 300

_CREDENTIALS = " Check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and what they are allowed to do."
_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: _CREDENTIALS,
    HTTPStatus.FORBIDDEN: _CREDENTIALS,
    HTTPStatus.NOT_FOUND: " Check R2_BUCKET.",
}
_ABOUT_OBJECTS = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}


class Refusal(StorageUnavailable):
    """R2 answered with an error; ``status`` is the HTTP status.

    One that is not about an object is about the bucket, the keys or R2 itself.
    """

    def __init__(self, error: ClientError) -> None:
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        self.is_about_an_object = self.status in _ABOUT_OBJECTS and code != "NoSuchBucket"
        super().__init__(
            f"R2 answered {self.status} ({code}) to {error.operation_name}."
            f"{_ADVICE.get(self.status, '')}"
        )


class KeyTaken(ServiceError):
    """The key holds an object, maybe the same; ``etag`` is what ours would have, if known."""

    def __init__(self, etag: str | None = None) -> None:
        super().__init__(etag)
        self.etag = etag


async def call_r2(
    seam: Seam,
    name: str,
    call: Callable[[], Awaitable[T]],
    *,
    seconds: float = REQUEST_SECONDS,
    is_all_there: Callable[[], bool] = lambda: True,
) -> T:
    """Return the answer of ``call``, which has ``seconds`` to come.

    ``is_all_there`` tells whether all that is sent has arrived here: before that, R2 is not late.

    Raises:
        Refusal: R2 answered with an error.
        StorageUnavailable: R2 did not answer.

    """
    try:
        async with asyncio.timeout(seconds):
            answer = await seam(name, call)
    except ClientError as error:
        refusal = Refusal(error)
        record("storage", up=refusal.is_about_an_object)
        raise refusal from error
    except (BotoCoreError, ResponseParserError, OSError) as error:
        if isinstance(error, TimeoutError) and not is_all_there():
            raise StorageUnavailable("R2 waited too long for the video's bytes.") from error
        record("storage", up=False)
        raise StorageUnavailable(
            f"R2 cannot be reached ({type(error).__name__}). Check R2_ENDPOINT_URL."
        ) from error
    record("storage", up=True)
    return answer


def require_field(answer: Mapping[str, Any], name: str) -> str:
    """Return a field that every answer of R2 has.

    botocore accepts any answer with status 200, even a captive portal's.

    Raises:
        StorageUnavailable: the field is missing, so another server answered.

    """
    if not answer.get(name):
        raise StorageUnavailable(
            f"The answer lacks {name}, so it is not from R2. Check R2_ENDPOINT_URL."
        )
    return str(answer[name])
