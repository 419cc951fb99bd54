"""The headers of Standard Webhooks, by which a receiver knows who sent a message.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


class Signer:
    """Signs messages with every secret: while it is changed, a receiver knows one of two."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._keys = [Webhook(secret) for secret in secrets]

    def headers(self, message_id: str, body: str, *, at: datetime) -> dict[str, str]:
        """Return the headers of one attempt; a receiver refuses it five minutes after ``at``."""
        utc = at.astimezone(UTC)  # sign() reads any time as UTC
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(utc.timestamp())),
            "webhook-signature": " ".join(key.sign(message_id, utc, body) for key in self._keys),
        }
