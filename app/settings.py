"""Every environment variable, read here and nowhere else."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_SECRET = 32
Positive = Annotated[int, Field(gt=0)]


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """The service's settings; ``.env.example`` explains each one in a line.

    Raises:
        pydantic.ValidationError: names every setting that cannot work, all at once.

    """

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_url: str | None = None

    surreal_url: str = "surrealkv://data/surreal"
    surreal_namespace: str = "video"
    surreal_database: str = "video"
    surreal_user: str | None = None
    surreal_password: SecretStr | None = None
    surreal_user_level: Literal["root", "namespace", "database"] = "database"

    fal_key: SecretStr | None = None
    fal_media_hosts: Annotated[tuple[str, ...], NoDecode] = (
        "fal.media",
        "*.fal.media",
        "storage.googleapis.com/falserverless",
    )

    r2_endpoint_url: str | None = None
    r2_bucket: str | None = None
    r2_access_key_id: str | None = None
    r2_secret_access_key: SecretStr | None = None
    r2_region: str = "auto"
    r2_public_url: str | None = None
    storage_dir: Path = Path("data/storage")

    auth_jwt_secret: SecretStr | None = None
    auth_jwks_url: str | None = None
    auth_audience: str | None = None
    auth_issuer: str | None = None

    credits_signup_grant: Annotated[int, Field(ge=0)] = 100
    max_image_bytes: Positive = 10 * 1024 * 1024
    max_image_pixels: Positive = 40_000_000
    max_video_bytes: Positive = 2 * 1024 * 1024 * 1024
    max_jobs_in_flight: Positive = 5
    max_streams_per_user: Positive = 10
    submits_per_minute: Positive = 20
    submit_timeout: Annotated[float, Field(gt=0)] = 60
    job_deadline_hours: Annotated[float, Field(gt=0)] = 24

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: object) -> object:
        field = cls.model_fields[info.field_name]  # type: ignore[attr-defined]
        return field.default if isinstance(value, str) and not value.strip() else value

    @field_validator("fal_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        key = value.get_secret_value().strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("must be printable ASCII")
        return SecretStr(key)

    @field_validator("fal_media_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip() for host in value.split(",") if host.strip())
        return value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object, info: object) -> object:
        if not isinstance(value, str):
            return value
        return value.upper() if info.field_name == "log_level" else value.lower()  # type: ignore[attr-defined]

    @field_validator("public_url")
    @classmethod
    def _public_url_is_reachable(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        plain_is_fine = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not parts.hostname or not (parts.scheme == "https" or plain_is_fine):
            raise ValueError("must be an https:// address (http:// on loopback only)")
        return value.rstrip("/")

    @field_validator("r2_endpoint_url", "r2_public_url", "auth_jwks_url")
    @classmethod
    def _address_is_whole(cls, value: str | None) -> str | None:
        if value is not None and not (
            value.startswith(("https://", "http://")) and urlsplit(value).hostname
        ):
            raise ValueError("must be an https:// or http:// address")
        return value

    @field_validator("surreal_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if not value.startswith(("surrealkv://", "ws://", "wss://")):
            raise ValueError("must start with surrealkv://, ws:// or wss://")
        return value

    @model_validator(mode="after")
    def _work_together(self) -> Self:
        troubles = []
        if self.r2_bucket and not (
            self.r2_endpoint_url and self.r2_access_key_id and self.r2_secret_access_key
        ):
            troubles.append(
                "R2_BUCKET needs R2_ENDPOINT_URL, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY"
            )
        if self.auth_jwt_secret and self.auth_jwks_url:
            troubles.append("set AUTH_JWT_SECRET or AUTH_JWKS_URL, not both")
        if self.development and not is_loopback(self.host):
            troubles.append(
                f"HOST {self.host} is reachable from outside while nobody has to sign in: "
                "set AUTH_JWT_SECRET or AUTH_JWKS_URL, or HOST=127.0.0.1"
            )
        if not self.embedded and not (self.surreal_user and self.surreal_password):
            troubles.append("a SurrealDB server needs SURREAL_USER and SURREAL_PASSWORD")
        if troubles:
            raise ValueError("; ".join(troubles))
        return self

    @property
    def development(self) -> bool:
        """Everyone is ``dev@localhost``."""
        return self.auth_jwt_secret is None and self.auth_jwks_url is None

    @property
    def has_short_secret(self) -> bool:
        """HS256 asks for 32 bytes at least: RFC 7518, section 3.2."""
        secret = self.auth_jwt_secret
        return secret is not None and len(secret.get_secret_value().encode()) < SHORTEST_SECRET

    @property
    def embedded(self) -> bool:
        """The database runs inside this process."""
        return self.surreal_url.startswith("surrealkv://")
