"""Addresses, origins and hosts: which are accepted, and in which form."""

import pytest

from app.settings import Settings
from tests.support.settings import messages, settings

ADDRESSES = [name for name in Settings.model_fields if name.endswith(("_url", "_endpoint"))]


def _scheme(name: str) -> str:
    return "wss" if name == "surreal_url" else "https"


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


def test_the_final_slash_of_the_public_url_is_dropped() -> None:
    assert settings(public_url="https://videos.example.com/").public_url == (
        "https://videos.example.com"
    )


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
