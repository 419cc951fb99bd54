"""The settings. No other module reads the environment."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import setting_checks

SHORTEST_SECRET = 32
"""Bytes: RFC 7518, section 3.2, requires as many for HS256."""
LARGEST_INTEGER = 2**53 - 1
"""The largest that JavaScript reads exactly; sums of such numbers fit SurrealDB's 64 bits."""

_QUOTED = re.compile(r"(['\"]).*\1", re.DOTALL)
Positive = Annotated[int, Field(gt=0, le=LARGEST_INTEGER)]


def _unset(info: ValidationInfo, *names: str) -> list[str]:
    """Return which of these settings are missing. An invalid one has a message of its own."""
    return [name.upper() for name in names if name in info.data and info.data[name] is None]


class Settings(BaseSettings):
    """The service's settings, from the environment and ``.env``. ``.env.example`` explains each.

    Raises:
        pydantic.ValidationError: lists every invalid setting.

    """

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # A validator sees only the fields above its own.
    surreal_namespace: str = "video"
    surreal_database: str = "video"
    surreal_user: str | None = None
    surreal_password: SecretStr | None = None
    surreal_user_level: Literal["root", "namespace", "database", "record"] = "database"
    surreal_url: str = "surrealkv://data/surreal"

    fal_key: SecretStr | None = None
    fal_media_hosts: Annotated[tuple[str, ...], NoDecode] = (
        "fal.media",
        "*.fal.media",
        "storage.googleapis.com/falserverless",
    )

    r2_endpoint_url: str | None = None
    r2_access_key_id: str | None = None
    r2_secret_access_key: SecretStr | None = None
    r2_bucket: str | None = None
    r2_region: str = "auto"
    r2_public_url: str | None = None
    storage_dir: Path = Path("data/storage")

    auth_jwt_secret: SecretStr | None = None
    auth_jwks_url: str | None = None
    auth_audience: str | None = None
    auth_issuer: str | None = None

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    public_url: str | None = None
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    admin_api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    sign_in_url: str | None = None
    credits_url: str | None = None

    events_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    events_url: str | None = None

    credits_signup_grant: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)] = 100
    max_image_bytes: Positive = 10 * 1024 * 1024
    max_image_pixels: Positive = 40_000_000
    max_video_bytes: Positive = 2 * 1024 * 1024 * 1024
    max_jobs_in_flight: Positive = 5
    max_streams_per_user: Positive = 10
    submits_per_minute: Positive = 20
    submit_timeout: Annotated[float, Field(gt=0, le=3600)] = 60
    keep_start_images: bool = True
    job_deadline_hours: Annotated[float, Field(gt=0, le=24 * 365)] = 24

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    access_log: bool = False
    otel_exporter_otlp_endpoint: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name, "every validator belongs to a field"
        if isinstance(value, str) and _QUOTED.fullmatch(value.strip()):
            raise ValueError("is in quotes: remove them, or they become part of the value")
        field = cls.model_fields[info.field_name]
        return field.default if isinstance(value, str) and not value.strip() else value

    @field_validator("fal_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else setting_checks.header_value(value)

    @field_validator("r2_access_key_id", "r2_secret_access_key", mode="before")
    @classmethod
    def _key_has_no_line_break(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value

    @field_validator(
        "fal_media_hosts", "cors_origins", "admin_api_keys", "events_secret", mode="before"
    )
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str) and value.strip():
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("fal_media_hosts")
    @classmethod
    def _media_hosts_are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return setting_checks.media_hosts(value)

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return setting_checks.origins(value)

    @field_validator("admin_api_keys")
    @classmethod
    def _admin_keys_cannot_be_guessed(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        return setting_checks.admin_keys(value)

    @field_validator("events_secret")
    @classmethod
    def _events_are_signed_with_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        return setting_checks.webhook_secrets(value)

    @field_validator("events_url")
    @classmethod
    def _events_are_signed(cls, value: str | None, info: ValidationInfo) -> str | None:
        address = setting_checks.tamper_proof(value) if value else None
        if address and info.data.get("events_secret") == ():
            raise ValueError("needs EVENTS_SECRET as well")
        return address

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        return value.upper() if info.field_name == "log_level" else value.lower()

    @field_validator("public_url")
    @classmethod
    def _public_url_is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else setting_checks.tamper_proof(value).rstrip("/")

    @field_validator(
        "r2_endpoint_url",
        "r2_public_url",
        "otel_exporter_otlp_endpoint",
        "sign_in_url",
        "credits_url",
    )
    @classmethod
    def _url_is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else setting_checks.web_address(value)

    @field_validator(
        "public_url", "r2_public_url", "r2_endpoint_url", "otel_exporter_otlp_endpoint"
    )
    @classmethod
    def _url_takes_paths(cls, value: str | None) -> str | None:
        return None if value is None else setting_checks.prefix(value)

    @field_validator("r2_endpoint_url")
    @classmethod
    def _endpoint_has_no_path(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).path.strip("/"):
            raise ValueError("must end with the host or port (a bucket is named by R2_BUCKET)")
        return value

    @field_validator("surreal_url")
    @classmethod
    def _database_is_complete(cls, value: str, info: ValidationInfo) -> str:
        folder = value.removeprefix("surrealkv://")
        server = value.startswith(("ws://", "wss://")) and setting_checks.host_of(value)
        if not server and folder in {"", value}:
            raise ValueError("must be surrealkv://FOLDER, ws://HOST:PORT or wss://HOST:PORT")
        if server and (missing := _unset(info, "surreal_user", "surreal_password")):
            raise ValueError(f"a SurrealDB server needs {' and '.join(missing)} as well")
        return value

    @field_validator("r2_region")
    @classmethod
    def _region_can_be_used(cls, value: str) -> str:
        return setting_checks.region(value)

    @field_validator("r2_bucket")
    @classmethod
    def _bucket_is_complete(cls, value: str | None, info: ValidationInfo) -> str | None:
        keys = ("r2_endpoint_url", "r2_access_key_id", "r2_secret_access_key")
        if value and (missing := _unset(info, *keys)):
            raise ValueError(f"needs {' and '.join(missing)} as well")
        return setting_checks.bucket(value) if value else None

    @field_validator("auth_jwks_url")
    @classmethod
    def _only_one_way_to_sign_in(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("auth_jwt_secret"):
            raise ValueError("set it or AUTH_JWT_SECRET, not both")
        # A forged key set would let its author sign in as any user.
        return setting_checks.tamper_proof(value) if value else None

    @field_validator("host")
    @classmethod
    def _outside_callers_sign_in(cls, value: str, info: ValidationInfo) -> str:
        ways = ("auth_jwt_secret", "auth_jwks_url")
        if not setting_checks.is_loopback(value) and len(_unset(info, *ways)) == len(ways):
            raise ValueError(
                f"{value} is reachable from outside while nobody has to sign in: set "
                "AUTH_JWT_SECRET or AUTH_JWKS_URL, or HOST=127.0.0.1"
            )
        return value

    @property
    def development(self) -> bool:
        """Nobody signs in: every caller is ``dev@localhost``."""
        return self.auth_jwt_secret is None and self.auth_jwks_url is None

    @property
    def has_short_secret(self) -> bool:
        """The secret has fewer bytes than HS256 requires."""
        secret = self.auth_jwt_secret
        return secret is not None and len(secret.get_secret_value().encode()) < SHORTEST_SECRET

    @property
    def embedded(self) -> bool:
        """The database runs inside this process."""
        return self.surreal_url.startswith("surrealkv://")
