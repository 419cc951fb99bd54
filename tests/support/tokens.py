"""Bearer tokens for tests, and their secrets, which :mod:`tests.support.leaks` looks for."""

import time
from typing import Any

import jwt

SECRET = "a secret of the tests that is long enough"
ROOT_PASSWORD = "password-of-the-root"
ADMIN_KEY = "key-of-the-back-office-of-the-tests"


def token(user: str = "ada", *, secret: str = SECRET, **claims: Any) -> str:
    """Return a token that is valid for an hour unless ``claims`` say otherwise."""
    return jwt.encode(
        {"sub": user, "exp": int(time.time()) + 3600} | claims, secret, algorithm="HS256"
    )


def public_jwk(key_id: str, key: Any, algorithm: str) -> dict[str, Any]:
    """Return the public half of a key as a key set publishes it."""
    jwk: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(
        key.public_key(), as_dict=True
    )
    return jwk | {"kid": key_id}


def bearer(user: str = "ada", **claims: Any) -> dict[str, str]:
    """Return the header of a request by ``user``."""
    return {"Authorization": f"Bearer {token(user, **claims)}"}


def admin_bearer(key: str = ADMIN_KEY) -> dict[str, str]:
    """Return the header of a request to the back office."""
    return {"Authorization": f"Bearer {key}"}
