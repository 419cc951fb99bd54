"""Signed addresses of the videos in a folder, which expire."""

import functools
import hmac
from urllib.parse import quote

from app.storage.keys import disposition_of

STEP_SECONDS = 600
"""An address stays the same for this time, so that a browser fetches a video once."""
LIFETIME_SECONDS = 3600
"""The shortest time that an address is valid."""
REMEMBERED_ADDRESSES = 4096


def expiry_of_address(now: float) -> int:
    """Return when an address expires that is given out now."""
    return (int(now // STEP_SECONDS) + 1) * STEP_SECONDS + LIFETIME_SECONDS


@functools.lru_cache(REMEMBERED_ADDRESSES)
def address(
    signing_key: bytes,
    key: str,
    expires: int,
    download: bool,  # noqa: FBT001 a keyword costs the cache a third of its speed
) -> str:
    """Return the path and query of a signed address. Most polls ask for the same again."""
    signature = signature_of(signing_key, key, str(expires), disposition_of(download=download))
    query = f"{'download=1&' if download else ''}expires={expires}&signature={signature}"
    return f"/media/{quote(key)}?{query}"


def signature_of(signing_key: bytes, key: str, expires: str, disposition: str) -> str:
    """Return the signature in the address of ``key``."""
    # First the disposition: no expiry and no key can make one kind look like the other.
    text = f"{disposition}\n{expires}\n{key}"
    return hmac.new(signing_key, text.encode(), "sha256").hexdigest()
