import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.server.startup_errors import wrong_settings
from app.settings import Settings

EXAMPLE = Path(".env.example")
NUMBERS = [
    name for name, field in Settings.model_fields.items() if field.annotation in {int, float}
]


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def complaints(**given: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    return wrong_settings(refused.value)


def test_example_file_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    assert set(listed) == {name.upper() for name in Settings.model_fields}
    from_example = Settings(_env_file=EXAMPLE)
    assert from_example == settings()


def test_every_line_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for paragraph in "\n".join(lines).split("\n\n"):
        assert paragraph.startswith("#")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"surreal_url": "http://localhost"}, "surrealkv://"),
        ({"surreal_url": "mem://"}, "surrealkv://"),
        ({"surreal_url": "surrealkv://"}, "FOLDER"),
        ({"surreal_url": "ws://db:eighty"}, "ws://HOST"),
        ({"surreal_url": "ws://db:8000"}, "SURREAL_USER and SURREAL_PASSWORD"),
        ({"r2_bucket": "videos"}, "R2_ENDPOINT_URL"),
        ({"host": "0.0.0.0"}, "nobody has to sign in"),  # noqa: S104 the point of the case
        ({"host": "videos.example.com"}, "nobody has to sign in"),
        ({"public_url": "http://videos.example.com"}, "https"),
        ({"public_url": "videos.example.com"}, "https"),
        ({"public_url": "https://["}, "https"),
        ({"auth_jwt_secret": "a" * 32, "auth_jwks_url": "https://keys"}, "not both"),
        ({"auth_jwks_url": "keys"}, "https://"),
        ({"r2_endpoint_url": "127.0.0.1:9000"}, "https://"),
        ({"r2_public_url": "https://"}, "https://"),
        ({"r2_endpoint_url": "https://r2.example/videos"}, "host or port"),
        ({"port": 70000}, "65535"),
        ({"max_image_bytes": 0}, "greater than 0"),
        ({"submit_timeout": "inf"}, "3600"),
        ({"job_deadline_hours": "nan"}, "8760"),
        ({"log_format": "xml"}, "text"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**given)


def test_all_troubles_are_named_at_once() -> None:
    assert complaints(
        port="eighty",
        max_video_bytes=0,
        log_level="loud",
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
    ]


def test_a_setting_that_needs_a_wrong_one_is_not_complained_of() -> None:
    (line,) = complaints(host="0.0.0.0", auth_jwks_url="keys")  # noqa: S104 it is refused
    assert line == (
        "AUTH_JWKS_URL: must be an https:// address (http:// on loopback only), not 'keys'"
    )


def test_what_was_given_is_quoted_as_it_stands() -> None:
    (line,) = complaints(host="${HOST}")
    assert line.startswith("HOST: ${HOST} is reachable from outside")


def test_keys_are_fetched_over_a_line_that_nobody_else_can_speak_on() -> None:
    (line,) = complaints(auth_jwks_url="http://id.example/keys")
    assert line.startswith("AUTH_JWKS_URL: must be an https:// address")
    assert settings(auth_jwks_url="http://127.0.0.1:9/keys").auth_jwks_url


@pytest.mark.parametrize(
    "name", ["surreal_url", "r2_endpoint_url", "r2_public_url", "auth_jwks_url", "public_url"]
)
def test_an_address_holds_no_password(name: str) -> None:
    scheme = "wss" if name == "surreal_url" else "https"
    (line,) = complaints(**{name: f"{scheme}://ann:schl@host.example"})
    assert line == f"{name.upper()}: must hold no user and no password: addresses are logged"


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
def test_what_may_be_secret_or_endless_is_not_shown(given: dict[str, str]) -> None:
    (line,) = complaints(**given)
    assert "schl" not in line


def test_what_is_no_number_at_all_is_spoken_of_in_plain_words() -> None:
    said = "\n".join(complaints(**dict.fromkeys(NUMBERS, "many")))
    assert len(said.splitlines()) == len(NUMBERS)
    assert not re.search("Input|valid|pars", said)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_development_is_allowed_on_loopback(host: str) -> None:
    assert settings(host=host).development


def test_another_host_needs_and_takes_a_secret() -> None:
    assert not settings(host="0.0.0.0", auth_jwt_secret="s" * 32).development  # noqa: S104 see above


def test_what_is_empty_is_unset() -> None:
    assert settings(fal_key="", r2_bucket=" ", public_url="", submit_timeout="").fal_key is None


def test_secrets_do_not_show() -> None:
    shown = repr(settings(fal_key="fal-secret", auth_jwt_secret="jwt-secret" * 4))
    assert "fal-secret" not in shown
    assert "jwt-secret" not in shown


def test_a_refused_secret_does_not_show_either() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(auth_jwt_secret="jwt-secret" * 4, auth_jwks_url="https://keys")
    assert "jwt-secret" not in str(refused.value)


def test_no_media_hosts_are_the_usual_ones() -> None:
    assert settings(fal_media_hosts=" ").fal_media_hosts == settings().fal_media_hosts


def test_media_hosts_are_separated_by_commas() -> None:
    assert settings(fal_media_hosts="a.example, *.b.example,").fal_media_hosts == (
        "a.example",
        "*.b.example",
    )


def test_public_url_loses_its_last_slash() -> None:
    assert settings(public_url="https://videos.example.com/").public_url == (
        "https://videos.example.com"
    )
