"""Checks of single settings: addresses and secrets. Each raises ValueError with what to write."""

import re
from base64 import b64decode
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr

SHORTEST_ADMIN_KEY = 32
"""Characters."""
WEBHOOK_SECRET_PREFIX = "whsec_"  # noqa: S105 what every secret begins with
SHORTEST_WEBHOOK_SECRET, LONGEST_WEBHOOK_SECRET = 24, 64
"""Bytes: Standard Webhooks requires as many."""
MOST_WEBHOOK_SECRETS = 2

_HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?|[\da-f:.]*:[\da-f:.]*", re.ASCII)
"""A name, or an address; the second form is IPv6 without its brackets."""
_REGION = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_BUCKET = re.compile(r"[\w.-]{1,255}", re.ASCII)
_ORIGIN = re.compile(r"https?://[^/?#*\s]+(?<!:)")
_MEDIA_HOST = re.compile(
    r"(\*\.)?([\w-]+\.)+[a-z][\w-]*(/[^/?#@*\s]+)*/?", re.ASCII | re.IGNORECASE
)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """Return the host of an address, or an empty string if the address is malformed."""
    if "@" in address:
        raise ValueError("must not contain a user or a password: addresses are logged")
    if not _is_printable_ascii(address) or " " in address:
        raise ValueError("must be printable ASCII without blanks (write the host as xn--…)")
    with suppress(ValueError):
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.port != 0 and _HOST.fullmatch(host):
            return host
    return ""


def web_address(address: str) -> str:
    """Return the address of a server that https or http reaches."""
    if not (address.startswith(("https://", "http://")) and host_of(address)):
        raise ValueError("must be an https:// or http:// address")
    return address


def prefix(address: str) -> str:
    """Return an address that paths can be appended to."""
    if "?" in address or "#" in address:
        raise ValueError("must not contain ? or #: paths are appended to it")
    return address


def bucket(name: str) -> str:
    """Return the name if botocore sends requests for it; R2 and S3 allow fewer names."""
    if not _BUCKET.fullmatch(name):
        raise ValueError("must be a bucket's name, without a path")
    return name


def region(name: str) -> str:
    """Return the name if botocore takes it: it may become a part of a host's name."""
    if not _REGION.fullmatch(name):
        raise ValueError("must be a region's name, such as auto or eu-central-1")
    return name


def tamper_proof(address: str) -> str:
    """Return an address whose answers nobody can forge: https, or http on this machine."""
    scheme, host = address.partition("://")[0].lower(), host_of(address)
    plain_is_fine = scheme == "http" and is_loopback(host)
    if not host or not (scheme == "https" or plain_is_fine):
        raise ValueError("must be an https:// address (http:// on loopback only)")
    return address


def origins(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses as browsers write origins."""
    written = tuple(_without_default_port(address.lower().rstrip("/")) for address in addresses)
    for origin in written:
        if not (host_of(origin) and _ORIGIN.fullmatch(origin)):
            raise ValueError("must be origins such as https://app.example.com, separated by commas")
    return written


def media_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries if :class:`app.media.hosts.MediaHosts` can find videos by each of them."""
    if not entries or not all(_MEDIA_HOST.fullmatch(each) and each.isascii() for each in entries):
        raise ValueError(
            "must be host names, *.host or host/folder, without https:// and port, "
            "separated by commas"
        )
    return entries


def header_value(secret: SecretStr) -> SecretStr:
    """Return a secret that is sent in a header, without blanks around it."""
    text = secret.get_secret_value().strip()
    if not _is_printable_ascii(text):
        raise ValueError("must be printable ASCII")
    return SecretStr(text)


def admin_keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """Return the keys if they cannot be guessed."""
    for key in keys:
        text = key.get_secret_value()
        if len(text) < SHORTEST_ADMIN_KEY or not _is_printable_ascii(text):
            raise ValueError(
                f"each must be {SHORTEST_ADMIN_KEY} or more printable ASCII characters, "
                "separated by commas"
            )
    return keys


def webhook_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """Return the secrets if Standard Webhooks allows them."""
    strong = all(_is_webhook_secret(secret.get_secret_value()) for secret in secrets)
    if len(secrets) > MOST_WEBHOOK_SECRETS or not strong:
        raise ValueError(
            f"must be {WEBHOOK_SECRET_PREFIX} and {SHORTEST_WEBHOOK_SECRET} to "
            f"{LONGEST_WEBHOOK_SECRET} random bytes in base64, or two of these, separated by "
            "a comma, while it is changed"
        )
    return secrets


def _without_default_port(origin: str) -> str:
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")


def _is_webhook_secret(text: str) -> bool:
    encoded = text.removeprefix(WEBHOOK_SECRET_PREFIX)
    try:
        size = len(b64decode(encoded, validate=True))
    except ValueError:
        return False
    return encoded != text and SHORTEST_WEBHOOK_SECRET <= size <= LONGEST_WEBHOOK_SECRET


def _is_printable_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()
