"""Reads a submit: a multipart body is parsed within bounds while it streams in."""

import asyncio
import json
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from app.api.identity import Caller
from app.domain.submission import Submission, fingerprint_of
from app.errors import ImageTooLarge, InvalidJSON, InvalidMultipart, Problem, StorageUnavailable
from app.media.start_images import inspect
from app.settings import Settings
from app.templates.catalogue import Catalogue

MAX_DATA_BYTES = 64 * 1024
"""Bytes of a form field such as ``data``."""
MAX_OVERHEAD_BYTES = 256 * 1024
"""Bytes of a body besides its image: fields, and headers and boundaries of parts."""
MAX_FIELDS = 8
SILENCE = 20.0
"""Seconds without a byte after which the sender is considered gone or hostile."""
PATIENCE = 300.0
"""Seconds for a whole body: enough for 10 MiB at 280 kbit/s."""
HANG_UP = {"Connection": "close"}
"""Sent with a refusal in the middle of a body: otherwise the server reads the rest of it."""


async def read_submission(
    request: Request[Any],
    *,
    caller: Caller,
    idempotency_key: str | None,
    catalogue: Catalogue,
    settings: Settings,
) -> Submission:
    """Read the form of a submit and check all its parts.

    Raises:
        InvalidMultipart, InvalidJSON, ImageTooLarge: the body is not a submit.
        UnsupportedImage, InvalidImage: the image cannot be used.
        TemplateNotFound, InvalidVariables: the order cannot be fulfilled.

    """
    data, slug, variables = await _read_form(request, max_image_bytes=settings.max_image_bytes)
    image = await inspect(data, max_pixels=settings.max_image_pixels, user=caller.user)
    template = await catalogue.get(slug)
    return Submission(
        user=caller.user,
        user_email=caller.email,
        image=image,
        template=template,
        variables=template.check_variables(variables),
        idempotency_key=idempotency_key,
        fingerprint=fingerprint_of(slug, variables, data),
    )


async def read_body(request: Request[Any], *, max_bytes: int) -> bytes:
    """Return the whole body; raises InvalidJSON if it is too large or too slow."""
    try:
        return await _bounded(
            request, max_bytes, InvalidJSON("The body is too large.", headers=HANG_UP)
        ).body()
    except TimeoutError as error:
        raise InvalidJSON("The body came too slowly.", headers=HANG_UP) from error


async def _read_form(request: Request[Any], *, max_image_bytes: int) -> tuple[bytes, str, Any]:
    """Return the image, the template's slug and the variables, of a body within bounds."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidMultipart("Send multipart/form-data with startImage and data.")
    bounded = _bounded(request, max_image_bytes + MAX_OVERHEAD_BYTES, _too_large(max_image_bytes))
    try:
        async with bounded.form(
            max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_DATA_BYTES
        ) as form:
            slug, variables = _parse_data(form)
            return await _read_image(form, max_image_bytes), slug, variables
    except TimeoutError as error:
        raise InvalidMultipart("The body came too slowly.", headers=HANG_UP) from error
    except HTTPException as error:
        raise InvalidMultipart(f"The body cannot be read: {error.detail}") from error
    except OSError as error:  # Starlette keeps a large part on disk
        raise StorageUnavailable(f"The disk fails: {error.strerror or error}.") from error
    except (LookupError, ValueError) as error:  # an unknown character set
        raise InvalidMultipart("The body cannot be read.") from error


def _bounded(request: Request[Any], max_bytes: int, refusal: Problem) -> Request[Any]:
    """Count the bytes that arrive, whatever Content-Length says.

    A read raises ``refusal`` beyond ``max_bytes``, and TimeoutError after a silence or when the
    whole body takes too long.
    """
    left = max_bytes
    now = asyncio.get_running_loop().time
    end = now() + PATIENCE

    async def receive() -> Message:
        nonlocal left
        async with asyncio.timeout_at(min(end, now() + SILENCE)):
            message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise refusal
        return message

    return Request(request.scope, receive)


async def _read_image(form: FormData, max_image_bytes: int) -> bytes:
    upload = form.get("startImage")
    if not isinstance(upload, UploadFile):
        raise InvalidMultipart("startImage is missing: send it as a file.")
    image = await upload.read()
    if len(image) > max_image_bytes:
        raise _too_large(max_image_bytes)
    if not image:
        raise InvalidMultipart("startImage is empty.")
    return image


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
