"""The certificates that outgoing connections trust."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import ConfigurationError


@contextmanager
def reading_certificates() -> Iterator[None]:
    """Build an httpx client within this: it reads the certificates that the environment names.

    Raises:
        ConfigurationError: they cannot be read; the message names the variables to change.

    """
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {error}"
        ) from error
