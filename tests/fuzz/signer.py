"""Tokens that a JWT library would refuse to sign."""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.tokens import SECRET


@dataclass(frozen=True)
class Signer:
    """Signs any header and any claims, valid or not."""

    head: dict[str, Any]
    """The JWT header."""
    seal: Callable[[bytes], bytes]

    def token(self, head: bytes, claims: bytes) -> bytes:
        message = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, claims))
        return message + b"." + base64.urlsafe_b64encode(self.seal(message)).rstrip(b"=")


OURS = Signer(
    {"alg": "HS256", "typ": "JWT"},
    lambda message: hmac.new(SECRET.encode(), message, "sha256").digest(),
)
