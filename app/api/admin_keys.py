"""Who may use the back office: everyone who has one of ``ADMIN_API_KEYS``."""

import hashlib
import hmac

from starlette.requests import Request

from app.api.service import LifespanState, service_of
from app.api.tokens import bearer, refusal
from app.problems import NotFound


def admin_key_of(request: Request[LifespanState]) -> str:
    """Return the first 8 hexadecimal digits of the SHA-256 of the key that the request carries.

    Raises:
        NotFound: the service has no back office.
        Unauthenticated: the request carries none of its keys.

    """
    keys = service_of(request).settings.admin_api_keys
    if not keys:
        raise NotFound("This service has no back office.")
    authorization = request.headers.get("authorization", "")
    given = _digest(bearer(authorization, wanted="one of ADMIN_API_KEYS"))
    # All are compared, so that the time tells nothing about which one is close.
    known = [hmac.compare_digest(given, _digest(key.get_secret_value())) for key in keys]
    if not any(known):
        raise refusal("The key is not one of ADMIN_API_KEYS.")
    return given[:8]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
