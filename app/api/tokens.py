"""Verifies bearer tokens. Each refusal says which check failed, to the caller and to the log."""

import logging
import math
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.exceptions import InvalidSubjectError

from app.problems import Unauthenticated

log = logging.getLogger(__name__)

MAX_SUBJECT = 128
"""Characters of ``sub``."""
MAX_EMAIL = 320
"""Characters of ``email`` (RFC 3696); a longer one is ignored."""
TOLERANCE = 10
"""Seconds that the issuer's clock and ours may differ."""

_WRONG_SUBJECT = f"The token's sub must have 1 to {MAX_SUBJECT} characters."
_CHECKS: dict[type[Exception], str] = {
    jwt.InvalidAlgorithmError: "The token is signed with an algorithm that is not accepted.",
    jwt.InvalidSignatureError: "The token's signature does not match.",
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    InvalidSubjectError: _WRONG_SUBJECT,
}


@dataclass(frozen=True)
class Caller:
    """The user of a request."""

    user: str
    email: str | None
    """None if the token has none that can be used."""
    until: float = field(default=math.inf, compare=False)
    """Unix time when the token expires, or when its key set is fetched again if that is sooner."""


class TokenCheck:
    """What a token must fulfil, its key aside."""

    def __init__(self, algorithms: list[str], *, audience: str | None, issuer: str | None) -> None:
        self.algorithms = algorithms
        self._audience = audience
        bare = issuer.rstrip("/") if issuer else None
        self._issuers = None if bare is None else [bare, f"{bare}/"]
        self._required = ["exp", "sub"] + ["aud"] * bool(audience) + ["iss"] * bool(issuer)

    def key_id(self, token: str) -> str | None:
        """Return the id of the key that the token names, unverified.

        Raises:
            Unauthenticated: the token cannot be read, or has another algorithm.

        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise _failed(error) from error
        if header.get("alg") not in self.algorithms:
            raise refusal(_CHECKS[jwt.InvalidAlgorithmError])
        key_id: str | None = header.get("kid")
        return key_id

    def caller(self, token: str, key: Any) -> Caller:
        """Return the user of a token that ``key`` has signed.

        Raises:
            Unauthenticated: a check failed.

        """
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=self.algorithms,
                audience=self._audience,
                issuer=self._issuers,
                leeway=TOLERANCE,
                options={"require": self._required, "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            raise _failed(error) from error
        subject, email = claims["sub"], claims.get("email")
        if not is_subject(subject):
            raise refusal(_WRONG_SUBJECT)
        if not (isinstance(email, str) and len(email) <= MAX_EMAIL and _is_text(email)):
            email = None
        return Caller(subject, email, until=int(claims["exp"]) + TOLERANCE)


def bearer(authorization: str, *, wanted: str = "a token") -> str:
    """Return the token of an ``Authorization`` header; raises Unauthenticated if there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refusal(f"Send Authorization: Bearer with {wanted}.")
    return token.strip()


def is_subject(text: str) -> bool:
    """Return whether a token may have ``text`` as its ``sub``."""
    return len(text) <= MAX_SUBJECT and _is_text(text)


def refusal(detail: str) -> Unauthenticated:
    """Return the problem for a caller whose token fails a check, and log it without the token."""
    log.info("A request was refused: %s", detail)
    return Unauthenticated(detail, headers={"WWW-Authenticate": "Bearer"})


def _failed(error: jwt.InvalidTokenError) -> Unauthenticated:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return refusal(f"The token has no {error.claim}.")
    return refusal(_CHECKS.get(type(error), "The token cannot be read."))


def _is_text(claim: str) -> bool:
    """Return whether a claim is not empty and UTF-8 can encode it, unlike half a surrogate pair."""
    return bool(claim) and not any("\ud800" <= character <= "\udfff" for character in claim)
