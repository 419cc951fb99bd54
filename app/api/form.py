"""Reads a submit: a multipart body is parsed within bounds while it streams in."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from app.api.body import HANG_UP, RECEIVING_BYTES, RequestMemory, bounded, midway_headers
from app.api.multipart import SubmissionParser
from app.api.tokens import Caller
from app.domain.submission import Submission, fingerprint_of
from app.errors import StorageUnavailable
from app.media.start_images import inspect
from app.problems import ImageTooLarge, InvalidJSON, InvalidMultipart
from app.settings import Settings
from app.templates.catalogue import Catalogue

MAX_OVERHEAD_BYTES = 256 * 1024
"""Bytes of a body besides its image: fields, and headers and boundaries of parts."""
FORM_PATIENCE = 300.0
"""Seconds for a whole form: enough for 10 MiB at 280 kbit/s."""
FORM_WAIT = 5.0
"""Seconds that a form waits, unread, for memory: a user may send many small ones at once."""
IMAGE_PATIENCE = 5.0
"""Seconds that a received image waits for memory."""


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
        UnsupportedImage, InvalidImage: the image cannot be used, or not with this template.
        TemplateNotFound, InvalidVariables: the order cannot be fulfilled.
        TooBusy: there is no memory for the body or the image.

    """
    user = caller.user
    async with AsyncExitStack() as image_memory:
        async with (
            memory.receiving.hold(RECEIVING_BYTES, user, patience=FORM_WAIT),
            _received_form(request, max_image_bytes=settings.max_image_bytes) as form,
        ):
            slug, variables = _parse_data(form)
            upload, size = _image_of(form)
            await image_memory.enter_async_context(
                memory.images.hold(size, user, patience=IMAGE_PATIENCE)
            )
            data = await upload.read(size)
        image = await inspect(data, max_pixels=settings.max_image_pixels, user=user)
        template = await catalogue.get(slug)
        template.check_image(image.width, image.height)
        yield Submission(
            user=user,
            user_email=caller.email or user,
            image=image,
            template=template,
            variables=template.check_variables(variables),
            idempotency_key=idempotency_key,
            fingerprint=fingerprint_of(slug, variables, data),
        )


@asynccontextmanager
async def _received_form(request: Request[Any], *, max_image_bytes: int) -> AsyncIterator[FormData]:
    """Receive a body within bounds, with its image on disk; remove it at the end."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidMultipart("Send multipart/form-data with startImage and data.")
    max_bytes = max_image_bytes + MAX_OVERHEAD_BYTES
    refusal = ImageTooLarge(
        f"The form must not be larger than {max_bytes:,} bytes, and its startImage not larger "
        f"than {max_image_bytes:,} bytes.",
        headers=midway_headers(request.headers),
    )
    receive = bounded(request, max_bytes, refusal, patience=FORM_PATIENCE)
    stream = Request(request.scope, receive).stream()
    try:
        form = await SubmissionParser(
            request.headers, stream, max_image_bytes=max_image_bytes
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


def _image_of(form: FormData) -> tuple[UploadFile, int]:
    """Return the image on disk and its size in bytes."""
    upload = form.get("startImage")
    if not isinstance(upload, UploadFile) or upload.size is None:
        raise InvalidMultipart("startImage is missing: send it as a file.")
    if not upload.size:
        raise InvalidMultipart("startImage is empty.")
    return upload, upload.size


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
