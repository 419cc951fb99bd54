"""Messages are signed so that the library of Standard Webhooks accepts them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.domain.outgoing_event import OutgoingEvent
from app.events.signing import Signer
from tests.support.event_receiver import NEXT_SECRET, SECRET

BODY = '{"type":"video.completed","data":{"title":"Café ✓"}}'
OTHER = "whsec_" + "QUJD" * 10


def now() -> datetime:
    return datetime.now(UTC)


def test_a_message_is_accepted_with_its_secret_only() -> None:
    headers = Signer([SECRET]).headers("msg", BODY, at=now())
    assert Webhook(SECRET).verify(BODY, headers)["type"] == "video.completed"
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY.replace("completed", "cancelled"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers | {"webhook-id": "another"})


def test_while_the_secret_is_changed_either_one_accepts_it() -> None:
    headers = Signer([SECRET, NEXT_SECRET]).headers("msg", BODY, at=now())
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, NEXT_SECRET):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)


def test_an_old_message_cannot_be_sent_again() -> None:
    headers = Signer([SECRET]).headers("msg", BODY, at=now() - timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(BODY, headers)


def test_the_zone_of_the_time_does_not_matter() -> None:
    time = now()
    elsewhere = time.astimezone(timezone(timedelta(hours=9)))
    signer = Signer([SECRET])
    assert signer.headers("m", BODY, at=time) == signer.headers("m", BODY, at=elsewhere)


def test_the_id_of_a_message_depends_on_job_and_revision_only_and_never_changes() -> None:
    def event(job: str, revision: int, attempts: int = 1) -> str:
        return OutgoingEvent(job_id=job, revision=revision, attempts=attempts).message_id

    assert event("a", 4, 1) == event("a", 4, 9) == "b4101d18-ae5a-5b24-8a93-094409222517"
    assert len({event("a", 4), event("a", 5), event("b", 4), event("a 4", 4)}) == 4
    assert event("an id \N{SNOWMAN} of the replaced stack", 1).isascii()
