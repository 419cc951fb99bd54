"""Settings are documented, and wrong ones are refused with a message that says what to do."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.support.settings import WEBHOOK_SECRET, messages, settings

EXAMPLE = Path(".env.example")
INTEGERS = [name for name, field in Settings.model_fields.items() if field.annotation is int]
NUMBERS = [
    name for name, field in Settings.model_fields.items() if field.annotation in {int, float}
]


def test_the_example_file_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert set(listed) == {name.upper() for name in Settings.model_fields}
    from_example = Settings(_env_file=EXAMPLE)
    assert from_example == settings()


def test_every_paragraph_of_the_example_file_begins_with_an_explanation() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for paragraph in "\n".join(lines).split("\n\n"):
        assert paragraph.startswith("#")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"surreal_url": "http://localhost"}, "surrealkv://"),
        ({"surreal_url": "mem://"}, "surrealkv://"),
        ({"surreal_url": "surrealkv://"}, "FOLDER"),
        ({"surreal_url": "ws://db:eighty"}, "ws://HOST"),
        ({"surreal_url": "ws://db:8000"}, "SURREAL_USER and SURREAL_PASSWORD"),
        ({"r2_bucket": "videos"}, "R2_ENDPOINT_URL"),
        ({"host": "0.0.0.0"}, "nobody has to sign in"),  # noqa: S104 it is refused
        ({"host": "videos.example.com"}, "nobody has to sign in"),
        ({"public_url": "http://videos.example.com"}, "https"),
        ({"public_url": "videos.example.com"}, "https"),
        ({"public_url": "https://["}, "https"),
        ({"auth_jwt_secret": "a" * 32, "auth_jwks_url": "https://keys"}, "not both"),
        ({"auth_jwks_url": "keys"}, "https://"),
        ({"r2_endpoint_url": "127.0.0.1:9000"}, "https://"),
        ({"sign_in_url": "javascript:alert(1)"}, "https://"),
        ({"credits_url": "/credits"}, "https://"),
        ({"r2_public_url": "https://"}, "https://"),
        ({"r2_endpoint_url": "https://r2.example/videos"}, "host or port"),
        ({"port": 70000}, "65535"),
        ({"max_image_bytes": 0}, "greater than 0"),
        ({"submit_timeout": "inf"}, "3600"),
        ({"job_deadline_hours": "nan"}, "8760"),
        ({"log_format": "xml"}, "text"),
        ({"events_url": "https://shop.example/events"}, "needs EVENTS_SECRET as well"),
        ({"events_secret": WEBHOOK_SECRET, "events_url": "http://shop.example"}, "https"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_reason(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(**given)


def test_every_wrong_setting_is_reported() -> None:
    assert messages(
        port="eighty",
        max_video_bytes=0,
        log_level="loud",
        access_log="maybe",
        submit_timeout="soon",
        r2_bucket="videos",
        host="0.0.0.0",  # noqa: S104 it is refused
        surreal_url="ws://db",
    ) == [
        "SURREAL_URL: a SurrealDB server needs SURREAL_USER and SURREAL_PASSWORD as well",
        "R2_BUCKET: needs R2_ENDPOINT_URL and R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY as well",
        (
            "HOST: 0.0.0.0 is reachable from outside while nobody has to sign in: "
            "set AUTH_JWT_SECRET or AUTH_JWKS_URL, or HOST=127.0.0.1"
        ),
        "PORT: must be a whole number, not 'eighty'",
        "MAX_VIDEO_BYTES: must be greater than 0, not '0'",
        "SUBMIT_TIMEOUT: must be a number, not 'soon'",
        "LOG_LEVEL: must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR', not 'LOUD'",
        "ACCESS_LOG: must be true or false, not 'maybe'",
    ]


def test_a_setting_is_not_refused_because_another_one_is_wrong() -> None:
    (line,) = messages(host="0.0.0.0", auth_jwks_url="keys")  # noqa: S104 it is refused
    assert line == (
        "AUTH_JWKS_URL: must be an https:// address (http:// on loopback only), not 'keys'"
    )


def test_a_value_with_braces_is_shown_unchanged() -> None:
    (line,) = messages(host="${HOST}")
    assert line.startswith("HOST: ${HOST} is reachable from outside")


@pytest.mark.parametrize(
    "wrong", ["videos/2026", "s3://videos", "my videos", "videos\n", "b\u00fccher"]
)
def test_a_bucket_that_no_store_can_have_is_refused(wrong: str) -> None:
    keys = {"r2_access_key_id": "id", "r2_secret_access_key": "secret"}
    (line,) = messages(r2_endpoint_url="https://r2.example", r2_bucket=wrong, **keys)
    assert line.startswith("R2_BUCKET: must be a bucket's name, without a path")
    bucket = settings(r2_endpoint_url="https://r2.example", r2_bucket="My_videos.2-a", **keys)
    assert bucket.r2_bucket == "My_videos.2-a"


@pytest.mark.parametrize("wrong", ["eu west", "-x-", "\u00e9", "eu\n", "a" * 64, "eu.west"])
def test_a_region_that_the_client_refuses_is_refused(wrong: str) -> None:
    (line,) = messages(r2_region=wrong)
    assert line.startswith("R2_REGION: must be a region's name")
    assert settings(r2_region="us-gov-west-1").r2_region == "us-gov-west-1"


def test_a_value_that_is_not_a_number_is_refused_without_jargon() -> None:
    lines = messages(**dict.fromkeys(NUMBERS, "many"))
    assert len(lines) == len(NUMBERS)
    assert not re.search("Input|valid|pars", "\n".join(lines))


@pytest.mark.parametrize("value", [2**53, 2**63, 2**64, 10**40])
def test_an_integer_that_the_database_or_a_browser_cannot_hold_is_refused(value: int) -> None:
    bounded = [name for name in INTEGERS if name != "port"]
    lines = messages(**dict.fromkeys(bounded, str(value)))
    assert lines == [
        f"{name.upper()}: must be 9007199254740991 or less, not '{value}'" for name in bounded
    ]
    largest = 2**53 - 1
    assert set(
        settings(**dict.fromkeys(bounded, largest)).model_dump(include={*bounded}).values()
    ) == {largest}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_development_is_allowed_on_loopback(host: str) -> None:
    assert settings(host=host).development


def test_a_host_beyond_loopback_is_accepted_with_a_secret() -> None:
    assert not settings(host="0.0.0.0", auth_jwt_secret="s" * 32).development  # noqa: S104 with a secret


def test_an_empty_value_means_unset() -> None:
    assert settings(fal_key="", r2_bucket=" ", public_url="", submit_timeout="").fal_key is None
