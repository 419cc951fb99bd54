"""fal's webhooks: the body of a callback, its signature, and the published keys."""

import base64
import hashlib
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.stand_ins.fal_jobs import Job

USER_ID = "user-of-the-tests"


class Webhooks:
    """Signs callbacks with the newest of ``keys``, and publishes all of them.

    With ``padded``, each published ``x`` has base64url padding. ``malformed_keys`` are published
    before the real ones.
    """

    def __init__(self) -> None:
        self.keys = [Ed25519PrivateKey.generate()]
        self.padded = False
        self.malformed_keys: list[Any] = []

    def rotate(self) -> None:
        """Sign with a new key from now on; the old keys stay published."""
        self.keys.append(Ed25519PrivateKey.generate())

    def key_set(self) -> dict[str, Any]:
        return {"keys": [*self.malformed_keys, *map(self._published, self.keys)]}

    def _published(self, key: Ed25519PrivateKey) -> dict[str, str]:
        x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()
        return {"kty": "OKP", "crv": "Ed25519", "x": x if self.padded else x.rstrip("=")}

    def sign(
        self,
        request_id: str,
        body: bytes,
        *,
        timestamp: str | None = None,
        key: Ed25519PrivateKey | None = None,
    ) -> dict[str, str]:
        """Return the four headers; by default for the present time and by the newest key."""
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        digest = hashlib.sha256(body).hexdigest()
        message = f"{request_id}\n{USER_ID}\n{timestamp}\n{digest}".encode()
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": timestamp,
            "X-Fal-Webhook-Signature": (key or self.keys[-1]).sign(message).hex(),
        }


def callback_body(job: Job, payload_error: str | None) -> bytes:
    """Return the callback's body: the outcome of ``job``, or OK if it has none yet.

    With ``payload_error``, fal could not put the output into the callback.
    """
    body: dict[str, Any] = {"request_id": job.request_id, "gateway_request_id": job.request_id}
    if job.refusal is not None:
        status, payload = job.refusal
        body |= {"status": "ERROR", "error": f"Invalid status code: {status}", "payload": payload}
    elif payload_error is not None:
        body |= {"status": "OK", "payload": None, "payload_error": payload_error}
    else:
        body |= {"status": "OK", "payload": job.output or {}}
    return json.dumps(body).encode()
