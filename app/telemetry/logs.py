"""The log: text for a terminal or JSON for a collector."""

import hashlib
import logging
import logging.config
from typing import Any, Literal

import stamina.instrumentation
from pythonjsonlogger.core import RESERVED_ATTRS

from app.telemetry.context import Context

QUIET = ("httpx", "httpcore", "fal_client", "aiobotocore", "botocore", "boto3", "websockets")
"""Libraries whose INFO records contain signed URLs, or one record a request."""


class OneLine(logging.Formatter):
    """Formats a record as one line, beginning with its request id; a traceback is indented.

    A value from outside can neither break the line nor imitate a record.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 name of the base class
        request = getattr(record, "request_id", None)
        message = f"[{request}] {record.getMessage()}" if request else record.getMessage()
        record.message = escape(message.rstrip())
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 name of the base class
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {escape(line)}" for line in lines)


def escape(text: str) -> str:
    """Escape control characters, so that no value forges a record or controls a terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Log everything to standard error in one form, including uvicorn's records."""
    formatters: dict[str, Any] = {
        "text": {"()": OneLine, "format": "%(asctime)s %(levelname)-7s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["levelname", "name", "message", "request_id", "job_id"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
            "reserved_attrs": [*RESERVED_ATTRS, "color_message"],  # added by uvicorn for terminals
        },
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": formatters,
            "filters": {"context": {"()": Context}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": form,
                    "filters": ["context"],
                }
            },
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in (*QUIET, "uvicorn.access")},
        }
    )
    # A retry after a conflict is normal; the metric database_conflicts_total counts it.
    stamina.instrumentation.set_on_retry_hooks([])


def digest_of_user(user: str) -> str:
    """Return what the log calls a user: lines of one user are found, and nobody is named."""
    return hashlib.sha256(user.encode()).hexdigest()[:12]


def without_query(url: str) -> str:
    """Return the URL without its query, which may hold a signature."""
    return url.partition("?")[0]
