"""fal's webhooks to a service with a public URL."""

import httpx
import pytest

from app.settings import Settings
from tests.support.service import Running

PUBLIC_URL = "https://videos.example.com"

Webhook = tuple[dict[str, str], bytes]
"""Signed headers and a body, as ``FalStandIn.callback`` returns them."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with which fal can call the webhook."""
    return settings.model_copy(update={"public_url": PUBLIC_URL})


def webhook_url(job_id: str) -> str:
    """Return the URL that a submit gives to fal."""
    return f"{PUBLIC_URL}/api/webhooks/fal?jobId={job_id}"


async def send_webhook(run: Running, job_id: str, webhook: Webhook) -> httpx.Response:
    """Send fal's webhook to any job's URL, also to one that it is not about."""
    headers, body = webhook
    return await run.client.post(webhook_url(job_id), content=body, headers=headers)
