"""Settings are documented, and wrong ones are refused with a message that says what to do."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.server.startup_errors import wrong_settings
from app.settings import Settings

EXAMPLE = Path(".env.example")
WEBHOOK_SECRET = f"whsec_{b64encode(bytes(32)).decode()}"
INTEGERS = [name for name, field in Settings.model_fields.items() if field.annotation is int]
NUMBERS = [
    name for name, field in Settings.model_fields.items() if field.annotation in {int, float}
]
ADDRESSES = [name for name in Settings.model_fields if name.endswith(("_url", "_endpoint"))]


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def messages(**given: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    return wrong_settings(refused.value)


def _scheme(name: str) -> str:
    return "wss" if name == "surreal_url" else "https"


def test_the_example_file_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert set(listed) == {name.upper() for name in Settings.model_fields}
    from_example = Settings(_env_file=EXAMPLE)
    assert from_example == settings()


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


def test_a_key_set_needs_https_except_on_loopback() -> None:
    (line,) = messages(auth_jwks_url="http://id.example/keys")
    assert line.startswith("AUTH_JWKS_URL: must be an https:// address")
    assert settings(auth_jwks_url="http://127.0.0.1:9/keys").auth_jwks_url


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_with_a_password_is_refused(name: str) -> None:
    (line,) = messages(**{name: f"{_scheme(name)}://ann:schl@host.example"})
    assert line == f"{name.upper()}: must not contain a user or a password: addresses are logged"


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "rest",
    [
        *("b\u00fccher.example", "a b.example", "a.example ", "a.example\n", "a.example/\t"),
        *("a.\x7fexample", "a.example/b\u00fccher"),
    ],
)
def test_an_address_that_is_not_printable_ascii_is_refused(name: str, rest: str) -> None:
    (line,) = messages(**{name: f"{_scheme(name)}://{rest}"})
    assert line.startswith(
        f"{name.upper()}: must be printable ASCII without blanks (write the host as xn--…)"
    )


@pytest.mark.parametrize("name", [*ADDRESSES, "cors_origins"])
@pytest.mark.parametrize(
    "host",
    [
        *("a;b.example", "*.example", ".example", "a..example", f"{'a' * 64}.example"),
        *("%61.example", "b\u00fccher.example"),
    ],
)
def test_a_host_that_cannot_exist_is_refused(name: str, host: str) -> None:
    (line,) = messages(**{name: f"{_scheme(name)}://{host}"})
    assert line.startswith(f"{name.upper()}: must be ")


@pytest.mark.parametrize(
    "host",
    ["xn--bcher-kva.example", "My_store", "a.example.", "10.0.0.1:9000", "[2001:DB8::1]:443"],
)
def test_other_hosts_are_accepted(host: str) -> None:
    given = f"https://{host}"
    names = [name for name in ADDRESSES if name not in {"surreal_url", "events_url"}]
    assert settings(**dict.fromkeys(names, given)).model_dump(include={*names}) == dict.fromkeys(
        names, given
    )


@pytest.mark.parametrize(
    "name", ["public_url", "r2_public_url", "r2_endpoint_url", "otel_exporter_otlp_endpoint"]
)
@pytest.mark.parametrize("rest", ["?", "/?a=b", "/#", "#a"])
def test_an_address_to_which_paths_are_appended_ends_with_a_path(name: str, rest: str) -> None:
    (line,) = messages(**{name: f"https://host.example{rest}"})
    assert line.startswith(f"{name.upper()}: must not contain ? or #: paths are appended to it")


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


def test_origins_are_separated_by_commas() -> None:
    assert settings().cors_origins == ()
    given = "https://App.example.com/, http://localhost:5173,"
    assert settings(cors_origins=given).cors_origins == (
        "https://app.example.com",
        "http://localhost:5173",
    )
    for wrong in ("*", "null", "app.example.com", "https://app.example.com/path", "https://"):
        (line,) = messages(cors_origins=f"https://ok.example,{wrong}")
        assert line.startswith("CORS_ORIGINS: must be origins such as https://app.example.com")


def test_origins_are_compared_without_the_port_that_browsers_leave_out() -> None:
    given = "https://a.example:443/,http://a.example:80,https://a.example:80,http://[::1]:443"
    assert settings(cors_origins=given).cors_origins == (
        "https://a.example",
        "http://a.example",
        "https://a.example:80",
        "http://[::1]:443",
    )


@pytest.mark.parametrize("name", ["r2_access_key_id", "r2_secret_access_key"])
def test_keys_of_the_store_lose_the_line_break_of_their_file(name: str) -> None:
    given = getattr(settings(**{name: " key+/=@1\n"}), name)
    assert (given if isinstance(given, str) else given.get_secret_value()) == "key+/=@1"
    assert getattr(settings(**{name: "\n"}), name) is None


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


def test_secrets_are_not_in_the_representation() -> None:
    representation = repr(settings(fal_key="fal-secret", auth_jwt_secret="jwt-secret" * 4))
    assert "fal-secret" not in representation
    assert "jwt-secret" not in representation


def test_a_refused_secret_is_not_in_the_error() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(auth_jwt_secret="jwt-secret" * 4, auth_jwks_url="https://keys")
    assert "jwt-secret" not in str(refused.value)


def test_empty_media_hosts_mean_the_default_ones() -> None:
    assert settings(fal_media_hosts=" ").fal_media_hosts == settings().fal_media_hosts


def test_media_hosts_are_separated_by_commas() -> None:
    assert settings(fal_media_hosts="a.example, *.b.example,").fal_media_hosts == (
        "a.example",
        "*.b.example",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        *(" , ", "*", "*.", "*.media", "localhost", "127.0.0.1", "[::1]", "fal.media."),
        *(
            "https://fal.media",
            "//fal.media",
            "fal.media:443",
            "me@fal.media",
            "b\u00fccher.example",
        ),
        *("fal.media?a", "fal.media#a", "fal.media a.example", "v*.fal.media", ".fal.media"),
        *("a.example/*", "a.example/b c", "a.example//b", "a.example/b\u00fccher", "a.example/b?c"),
        "fal.media,https://a.example",
    ],
)
def test_media_hosts_in_another_form_are_refused(wrong: str) -> None:
    (line,) = messages(fal_media_hosts=wrong)
    assert line.startswith("FAL_MEDIA_HOSTS: must be host names, *.host or host/folder, without")


def test_media_hosts_may_have_folders() -> None:
    given = "storage.googleapis.com/falserverless/a%20b/, *.My_cdn.xn--p1ai/x, v3-1.fal.media/"
    assert settings(fal_media_hosts=given).fal_media_hosts == tuple(given.split(", "))


def test_the_final_slash_of_the_public_url_is_dropped() -> None:
    assert settings(public_url="https://videos.example.com/").public_url == (
        "https://videos.example.com"
    )
