"""What people read while the service runs: text for a terminal, JSON for a collector."""

import logging
import logging.config
from typing import Any, Literal

import stamina.instrumentation
from pythonjsonlogger.core import RESERVED_ATTRS

from app.telemetry.context import Context

QUIET = ("httpx", "httpcore", "fal_client", "aiobotocore", "botocore", "boto3", "websockets")
"""Libraries whose INFO lines carry whole URLs with their signatures, or every request."""


class OneLine(logging.Formatter):
    """A record is one line, whatever a caller put into it; a traceback follows it, indented.

    It begins with the request that it belongs to, where there is one.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 the base's name
        request = getattr(record, "request_id", None)
        message = f"[{request}] {record.getMessage()}" if request else record.getMessage()
        record.message = escape(message.rstrip())
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 the base's name
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {escape(line)}" for line in lines)


def escape(text: str) -> str:
    """Make control characters visible, so that nobody can forge a line or colour a terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send everything to standard error in one form, uvicorn's lines too."""
    formatters: dict[str, Any] = {
        "text": {"()": OneLine, "format": "%(asctime)s %(levelname)-7s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["levelname", "name", "message", "request_id", "job_id"],
            "rename_fields": {"levelname": "level", "name": "logger"},
            "timestamp": "time",
            "reserved_attrs": [*RESERVED_ATTRS, "color_message"],  # uvicorn's, for terminals
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
    # Conflicts are the normal way of a race, not worth a line each.
    stamina.instrumentation.set_on_retry_hooks([])


def without_query(url: str) -> str:
    """Return the address as it may be logged: what signs it is in its query."""
    return url.partition("?")[0]
