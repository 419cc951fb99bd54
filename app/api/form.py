"""Reads a submit: a multipart body is parsed within bounds while it streams in."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from app.api.identity import Caller
from app.domain.submission import Submission, fingerprint_of
from app.errors import ImageTooLarge, InvalidJSON, InvalidMultipart, Problem, StorageUnavailable
from app.media.start_images import inspect
from app.server.memory import MemoryBudget, too_busy
from app.settings import Settings
from app.templates.catalogue import Catalogue

MAX_DATA_BYTES = 64 * 1024
"""Bytes of a form field such as ``data``."""
MAX_OVERHEAD_BYTES = 256 * 1024
"""Bytes of a body besides its image: fields, and headers and boundaries of parts."""
MAX_FIELDS = 8
SMALLEST_IMAGE_SHARE = 10 * 1024 * 1024
"""Bytes for the images of one user."""
SHARES = 3
"""Users who can have the most at once."""
SILENCE = 20.0
"""Seconds without a byte after which the sender is considered gone or hostile."""
FORM_PATIENCE = 300.0
"""Seconds for a whole form: enough for 10 MiB at 280 kbit/s."""
BODY_PATIENCE = 15.0
"""Seconds for any other body; fal waits no longer for the answer to its first webhook."""
SPOOL_BYTES = 64 * 1024
"""Of an image that is being received; a larger one is on disk."""
RECEIVING_BYTES = 256 * 1024
"""Memory for receiving one form."""
IMAGE_PATIENCE = 5.0
"""Seconds that a received image waits for memory."""
HANG_UP = {"Connection": "close"}
"""Sent with a refusal in the middle of a body: otherwise the server reads the rest of it."""


@dataclass(frozen=True, kw_only=True)
class RequestMemory:
    """What requests in progress may hold in memory."""

    receiving: MemoryBudget
    """Forms on their way, by user; the images themselves are on disk."""
    images: MemoryBudget
    """Start images, by user, until fal has them."""
    callbacks: MemoryBudget
    """Callbacks that are not verified yet."""

    @classmethod
    def for_images_of(cls, max_bytes: int) -> Self:
        """Return budgets that admit images of ``max_bytes``: at least one of each of two users."""
        per_user = max(SMALLEST_IMAGE_SHARE, max_bytes)
        return cls(
            receiving=MemoryBudget(64 * RECEIVING_BYTES, per_owner=8 * RECEIVING_BYTES),
            images=MemoryBudget(SHARES * per_user, per_owner=per_user),
            callbacks=MemoryBudget(12 * 1024 * 1024),
        )


@asynccontextmanager
async def reading_submission(
    request: Request[Any],
    *,
    caller: Caller,
    idempotency_key: str | None,
    catalogue: Catalogue,
    settings: Settings,
    memory: RequestMemory,
) -> AsyncIterator[Submission]:
    """Read the form of a submit and check all its parts; its image has memory within the body.

    The body is received on disk, so that slow senders hold no memory.

    Raises:
        InvalidMultipart, InvalidJSON, ImageTooLarge: the body is not a submit.
        UnsupportedImage, InvalidImage: the image cannot be used.
        TemplateNotFound, InvalidVariables: the order cannot be fulfilled.
        TooBusy: there is no memory for the body or the image.

    """
    user = caller.user
    async with AsyncExitStack() as image_memory:
        async with (
            memory.receiving.hold(RECEIVING_BYTES, user),
            _received_form(request, max_image_bytes=settings.max_image_bytes) as form,
        ):
            slug, variables = _parse_data(form)
            upload, size = _image_of(form, settings.max_image_bytes)
            await image_memory.enter_async_context(
                memory.images.hold(size, user, patience=IMAGE_PATIENCE)
            )
            data = await upload.read(size)
        image = await inspect(data, max_pixels=settings.max_image_pixels, user=user)
        template = await catalogue.get(slug)
        yield Submission(
            user=user,
            user_email=caller.email,
            image=image,
            template=template,
            variables=template.check_variables(variables),
            idempotency_key=idempotency_key,
            fingerprint=fingerprint_of(slug, variables, data),
        )


@asynccontextmanager
async def reading_body(
    request: Request[Any], *, max_bytes: int, memory: MemoryBudget
) -> AsyncIterator[bytearray]:
    """Read a whole body, which has memory within the body of this.

    A body that arrives at once needs no room in ``memory``: nobody can take it away from those
    who send little.

    Raises:
        InvalidJSON: it is too large or too slow.
        TooBusy: there is no memory for it.

    """
    refusal = InvalidJSON("The body is too large.", headers=HANG_UP)
    receive = _bounded(request, max_bytes, refusal, patience=BODY_PATIENCE)
    body, counted, more = bytearray(), 0, True
    try:
        while more:
            try:
                message = await receive()
            except TimeoutError as error:
                raise InvalidJSON("The body came too slowly.", headers=HANG_UP) from error
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk, more = message.get("body", b""), message.get("more_body", False)
            if more or body:
                if not memory.take(len(chunk)):
                    raise too_busy()
                counted += len(chunk)
            body += chunk
            del message, chunk
        yield body
    finally:
        memory.give_back(counted)


@asynccontextmanager
async def _received_form(request: Request[Any], *, max_image_bytes: int) -> AsyncIterator[FormData]:
    """Receive a body within bounds, with its image on disk; remove it at the end."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidMultipart("Send multipart/form-data with startImage and data.")
    max_bytes = max_image_bytes + MAX_OVERHEAD_BYTES
    bounded = _bounded(request, max_bytes, _too_large(max_image_bytes), patience=FORM_PATIENCE)
    try:
        form = await _Parser(
            request.headers,
            Request(request.scope, bounded).stream(),
            max_files=1,
            max_fields=MAX_FIELDS,
            max_part_size=MAX_DATA_BYTES,
        ).parse()
        try:
            yield form
        finally:
            await form.close()
    except TimeoutError as error:
        raise InvalidMultipart("The body came too slowly.", headers=HANG_UP) from error
    except MultiPartException as error:
        raise InvalidMultipart(f"The body cannot be read: {error.message}") from error
    except OSError as error:
        raise StorageUnavailable(f"The disk fails: {error.strerror or error}.") from error
    except (LookupError, ValueError) as error:  # an unknown character set
        raise InvalidMultipart("The body cannot be read.") from error


class _Parser(MultiPartParser):
    """Keeps all but small files on disk."""

    spool_max_size = SPOOL_BYTES


def _bounded(
    request: Request[Any], max_bytes: int, refusal: Problem, *, patience: float
) -> Receive:
    """Count the bytes that arrive, whatever Content-Length says.

    A read raises ``refusal`` beyond ``max_bytes``, or at once if Content-Length announces more,
    and TimeoutError after a silence or when the whole body takes longer than ``patience``.
    """
    left = max_bytes
    now = asyncio.get_running_loop().time
    end = now() + patience
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise refusal

    async def receive() -> Message:
        nonlocal left
        async with asyncio.timeout_at(min(end, now() + SILENCE)):
            message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise refusal
        return message

    return receive


def _image_of(form: FormData, max_image_bytes: int) -> tuple[UploadFile, int]:
    """Return the image on disk and its size in bytes."""
    upload = form.get("startImage")
    if not isinstance(upload, UploadFile) or upload.size is None:
        raise InvalidMultipart("startImage is missing: send it as a file.")
    if upload.size > max_image_bytes:
        raise _too_large(max_image_bytes)
    if not upload.size:
        raise InvalidMultipart("startImage is empty.")
    return upload, upload.size


def _too_large(max_image_bytes: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"startImage must not be larger than {max_image_bytes:,} bytes.", headers=HANG_UP
    )


def _parse_data(form: FormData) -> tuple[str, Any]:
    data = form.get("data")
    if not isinstance(data, str):
        raise InvalidJSON("data is missing: send it as a text field.")
    try:
        parsed = json.loads(data, parse_constant=_refuse_constant)
        # Half a surrogate pair is valid JSON, but cannot be encoded, stored or answered.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidJSON("data is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise InvalidJSON("data must be an object.")
    slug = parsed.get("templateSlug")
    if not isinstance(slug, str) or not slug:
        raise InvalidJSON("data must name a templateSlug.")
    return slug, parsed.get("variables", {})


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
