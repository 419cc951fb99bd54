"""The request and the job that a log record is about."""

import logging
from contextvars import ContextVar

HEADER = "X-Request-ID"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)


class Context(logging.Filter):
    """Adds ``request_id`` and ``job_id`` to every record; None if there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        record.job_id = job_id.get()
        return True
