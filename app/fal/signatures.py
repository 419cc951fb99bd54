"""Verifies that a callback was signed by fal: Ed25519 over the raw body.

Source: https://docs.fal.ai/model-apis/model-endpoints/webhooks
"""

import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.utils import base64url_decode

from app.caching.key_set import Keys, KeySet
from app.errors import KeySetUnavailable
from app.problems import SubmitUnavailable, Unauthenticated
from app.server.tasks import supervised

KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"
KEYS_LIFETIME = 24 * 3600.0
"""Seconds; fal forbids caching its keys for longer."""
TOLERANCE = 300
"""Seconds that fal's clock and ours may differ."""
MAX_BODY_BYTES = 10 * 1024 * 1024
"""The largest callback that is read."""


_SIGNATURE = re.compile("[0-9A-Fa-f]{128}")


@dataclass(frozen=True, kw_only=True)
class SignedHeaders:
    """The headers of a callback: what they sign beside its body, and the signature."""

    signed: str
    signature: bytes


class Signatures:
    """Checks callbacks against fal's published keys."""

    def __init__(self, keys: KeySet, *, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._now = now

    def read_headers(self, headers: Mapping[str, str]) -> SignedHeaders:
        """Return the headers of a callback whose body is worth reading.

        Raises:
            Unauthenticated: one is missing or malformed, or the timestamp is over 5 minutes off.

        """
        request_id, user_id, timestamp, signature = (
            headers.get(f"x-fal-webhook-{name}", "")
            for name in ("request-id", "user-id", "timestamp", "signature")
        )
        if not timestamp.isdecimal() or abs(int(timestamp[:20]) - self._now()) > TOLERANCE:
            raise _refusal("The callback's timestamp is missing or too far off.")
        if not _SIGNATURE.fullmatch(signature):
            raise _refusal("The callback's signature is not 128 hexadecimal digits.")
        if not request_id or not user_id:
            raise _refusal("The callback names no request or no user.")
        return SignedHeaders(
            signed=f"{request_id}\n{user_id}\n{timestamp}", signature=bytes.fromhex(signature)
        )

    async def verify(self, headers: SignedHeaders, body: bytes | bytearray) -> None:
        """Return if fal signed the headers and the body.

        Raises:
            Unauthenticated: it did not.
            SubmitUnavailable: fal's keys cannot be fetched at the moment; fal repeats the callback.

        """
        digest = hashlib.sha256(body).hexdigest()
        message = f"{headers.signed}\n{digest}".encode()
        try:
            if _is_signed(await self._keys.keys(), message, headers.signature):
                return
            # fal may have replaced its keys.
            if _is_signed(await self._keys.newest_keys(), message, headers.signature):
                return
        except KeySetUnavailable as error:
            raise SubmitUnavailable("fal's keys cannot be fetched. Call back later.") from error
        raise _refusal("The callback is not signed by fal.")


@asynccontextmanager
async def open_signatures(client: httpx.AsyncClient, *, ahead: bool) -> AsyncIterator[Signatures]:
    """Open the check of callbacks; ``ahead`` fetches fal's keys before the first callback."""
    async with AsyncExitStack() as stack:
        keys = await stack.enter_async_context(
            aclosing(KeySet(KEYS_URL, client, lifetime=KEYS_LIFETIME, dependency="fal_key_set"))
        )
        if ahead:
            await stack.enter_async_context(supervised("refresh fal's keys", keys.refresh))
        yield Signatures(keys)


def _refusal(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, headers={"WWW-Authenticate": "FalWebhook"})


def _is_signed(keys: Keys, message: bytes, signature: bytes) -> bool:
    return any(_verifies(key.get("x"), message, signature) for key in keys)


def _verifies(x: object, message: bytes, signature: bytes) -> bool:
    if not isinstance(x, str):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(base64url_decode(x.rstrip("=")))
        key.verify(signature, message)
    except (ValueError, InvalidSignature):
        return False
    return True
