"""fal's side of its webhooks: what a callback says, how it is signed, and the published keys."""

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

    ``padded`` publishes their ``x`` with the padding that base64url may have, ``odd_keys``
    stand before them.
    """

    def __init__(self) -> None:
        self.keys = [Ed25519PrivateKey.generate()]
        self.padded = False
        self.odd_keys: list[Any] = []

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one stays published until it is removed."""
        self.keys.append(Ed25519PrivateKey.generate())

    def key_set(self) -> dict[str, Any]:
        return {"keys": [*self.odd_keys, *map(self._published, self.keys)]}

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
        """Return the four headers, of now and by the newest key unless told otherwise."""
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        digest = hashlib.sha256(body).hexdigest()
        message = f"{request_id}\n{USER_ID}\n{timestamp}\n{digest}".encode()
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": timestamp,
            "X-Fal-Webhook-Signature": (key or self.keys[-1]).sign(message).hex(),
        }


def said_of(job: Job, payload_error: str | None) -> bytes:
    """Return the callback's body: what became of ``job``, or OK where nothing did yet.

    With ``payload_error`` fal could not put the output into the callback.
    """
    told: dict[str, Any] = {"request_id": job.request_id, "gateway_request_id": job.request_id}
    if job.refusal is not None:
        status, payload = job.refusal
        told |= {"status": "ERROR", "error": f"Invalid status code: {status}", "payload": payload}
    elif payload_error is not None:
        told |= {"status": "OK", "payload": None, "payload_error": payload_error}
    else:
        told |= {"status": "OK", "payload": job.output or {}}
    return json.dumps(told).encode()
