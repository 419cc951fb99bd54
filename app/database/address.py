"""The address of the database and the credentials for it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from app.settings import Settings

ACCESS = "service"
"""The record access that a user of the level ``record`` signs in by, see ``docs/deploy.md``."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A database's URL, namespace and name, and the credentials for it."""

    url: str
    namespace: str
    database: str
    user: str = ""
    password: str = field(default="", repr=False)
    level: str = "database"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the address from the ``SURREAL_…`` settings."""
        secret = settings.surreal_password
        return cls(
            url=settings.surreal_url,
            namespace=settings.surreal_namespace,
            database=settings.surreal_database,
            user=settings.surreal_user or "",
            password=secret.get_secret_value() if secret else "",
            level=settings.surreal_user_level,
        )

    @property
    def embedded(self) -> bool:
        """The engine runs in this process."""
        return not self.url.startswith(("ws://", "wss://"))

    @property
    def folder(self) -> Path:
        """The folder of an embedded store."""
        return Path(self.url.removeprefix("surrealkv://"))

    @property
    def place(self) -> str:
        """The namespace and the database, as messages name them."""
        return f"{self.namespace}/{self.database}"

    @property
    def credentials(self) -> dict[str, Any] | None:
        """What ``signin`` takes at this level; None for an embedded engine.

        A server refuses credentials with a key that its level does not use.
        """
        if self.embedded:
            return None
        if self.level == "record":
            return {
                "namespace": self.namespace,
                "database": self.database,
                "access": ACCESS,
                "variables": {"user": self.user, "password": self.password},
            }
        credentials = {"username": self.user, "password": self.password}
        if self.level in {"namespace", "database"}:
            credentials["namespace"] = self.namespace
        if self.level == "database":
            credentials["database"] = self.database
        return credentials
