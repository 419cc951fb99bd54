"""Secrets that could be guessed or cannot be sent are refused, and none is ever shown."""

from base64 import b64encode

import pytest
from pydantic import ValidationError

from tests.support.settings import WEBHOOK_SECRET, messages, settings


def test_keys_of_the_back_office_cannot_be_guessed() -> None:
    long, other = "k" * 32, "o" * 40
    given = settings(admin_api_keys=f"{long}, {other}").admin_api_keys
    assert [key.get_secret_value() for key in given] == [long, other]
    for wrong in (f"{long},short", "ü" * 32):
        (line,) = messages(admin_api_keys=wrong)
        assert line.startswith("ADMIN_API_KEYS: each must be 32 or more printable ASCII")
        assert wrong not in line


@pytest.mark.parametrize(
    "wrong",
    [
        "whsec_" + b64encode(b"s" * 23).decode(),
        "whsec_" + b64encode(b"s" * 65).decode(),
        "whsec_" + "s" * 31,
        "whsec_" + "-" * 40,
        WEBHOOK_SECRET.removeprefix("whsec_"),
        f"{WEBHOOK_SECRET},{WEBHOOK_SECRET},{WEBHOOK_SECRET}",
        f"{WEBHOOK_SECRET},short",
    ],
)
def test_secrets_of_events_are_those_of_standard_webhooks(wrong: str) -> None:
    (line,) = messages(events_secret=wrong, events_url="https://shop.example/events")
    assert line.startswith("EVENTS_SECRET: must be whsec_ and 24 to 64 random bytes in base64")
    assert wrong not in line


@pytest.mark.parametrize("size", [24, 64])
def test_two_secrets_of_events_may_be_set_and_are_not_shown(size: int) -> None:
    given = f"whsec_{b64encode(b'n' * size).decode()}, {WEBHOOK_SECRET}"
    both = settings(events_secret=given, events_url="http://127.0.0.1:9000/events?a=b")
    assert [each.get_secret_value() for each in both.events_secret] == given.split(", ")
    assert both.events_url == "http://127.0.0.1:9000/events?a=b"
    assert "whsec" not in repr(both)
    assert settings(events_secret=WEBHOOK_SECRET).events_url is None


@pytest.mark.parametrize("name", ["r2_access_key_id", "r2_secret_access_key"])
def test_keys_of_the_store_lose_the_line_break_of_their_file(name: str) -> None:
    given = getattr(settings(**{name: " key+/=@1\n"}), name)
    assert (given if isinstance(given, str) else given.get_secret_value()) == "key+/=@1"
    assert getattr(settings(**{name: "\n"}), name) is None


@pytest.mark.parametrize(
    "given",
    [
        {"public_url": "http://host.example/?key=schl"},
        {"fal_key": "schl\N{LATIN SMALL LETTER U WITH DIAERESIS}ssel"},
        {"surreal_password": '"schl"'},
        {"r2_endpoint_url": "ftp://schl:schl@r2.example"},
        {"public_url": f"schl{'x' * 100}"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_value_that_may_be_secret_or_long_is_not_shown(given: dict[str, str]) -> None:
    (line,) = messages(**given)
    assert "schl" not in line


def test_secrets_are_not_in_the_representation() -> None:
    representation = repr(settings(fal_key="fal-secret", auth_jwt_secret="jwt-secret" * 4))
    assert "fal-secret" not in representation
    assert "jwt-secret" not in representation


def test_a_refused_secret_is_not_in_the_error() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(auth_jwt_secret="jwt-secret" * 4, auth_jwks_url="https://keys")
    assert "jwt-secret" not in str(refused.value)
