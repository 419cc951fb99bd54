"""Tells the database's answers from its failures.

Measured with the SDK 3.0.0b10 on the embedded engine and a server, both 3.2.4. Most refusals are
an ``InternalError`` that only its text tells from a full disk. So the refusals are listed here,
and every other error means that the database is unavailable: the call is tried again later.
"""

import re

from surrealdb.errors import (
    AlreadyExistsError,
    InternalError,
    NotAllowedError,
    NotFoundError,
    QueryError,
    ServerError,
    ThrownError,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)

from app.database.errors import (
    ConnectionLost,
    Refused,
    StatementRejected,
    TableMissing,
    Thrown,
    TransactionConflict,
)
from app.domain.support_job import UnreadableJob
from app.errors import ServiceError
from app.problems import DatabaseUnavailable

THROWN = "An error occurred: "
"""The SDK puts this before the text of a THROW."""

_REFUSALS = re.compile(
    r"Couldn't coerce |Could not cast |Found |Expected a single result "
    r"|Incorrect arguments for function |There was a problem running the \w+\(\) function"
    r"|Function '[^']*' not found|Database index `[^`]*` already contains "
    r"|Reached excessive computation depth "
    rf"|Error while processing event \S+: (?:{THROWN}|Couldn't coerce |Found )"
)
_CONFLICTS = re.compile(r"can be retried|Resource busy|write ?conflict", re.IGNORECASE)
"""SurrealKV, RocksDB and TiKV, which do not all set the SDK's flag."""

_ID = r"""`(?:\\.|[^`\\])*`|\[(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^]'"])*\]|[^`]*"""
"""An id as errors write it: a text that is no word in backticks, and texts of a list in quotes."""
_OF_USERS = re.compile(
    rf"`(credit_account|erasure|event_stream|idempotency|library_search|storage_key\w*):(?:{_ID})`"
)
"""Ids of rows that consist of their users, or begin with them."""


def translate(error: Exception) -> ServiceError:
    """Return what an error that the SDK raised means for the caller."""
    if refusal := refusal_of(error):
        return refusal
    if isinstance(error, ServerError) and is_conflict(error):
        return TransactionConflict(str(error))
    if isinstance(error, NotAllowedError | TransportError | OSError):
        return ConnectionLost()  # the sign-in or the line is gone
    return DatabaseUnavailable()


def is_conflict(error: ServerError) -> bool:
    """Return whether another transaction was first, in the terms of any storage engine."""
    flagged = isinstance(error, QueryError) and error.is_transaction_conflict
    return flagged or _CONFLICTS.search(str(error)) is not None


def is_unreadable(error: DatabaseUnavailable) -> bool:
    """Return whether the driver refused a whole answer for one value of it.

    It does so for a time beyond the year 9999.
    """
    return isinstance(error.__cause__, ValueError | UnexpectedResponseError)


def unreadable_job(job_id: str, error: DatabaseUnavailable) -> UnreadableJob:
    """Return what is known of a job whose row the driver refused."""
    return UnreadableJob(id=job_id, problem=f"the driver cannot read it: {error.__cause__}")


def refusal_of(error: Exception) -> Refused | None:
    """Return the refusal that an error of the SDK stands for, if it does; it names no user."""
    text = _OF_USERS.sub(r"`\1:…`", str(error))
    match error:
        case ThrownError():
            return Thrown(text.removeprefix(THROWN))
        case NotFoundError() if error.table_name is not None:
            return TableMissing(text)
        case NotAllowedError() if text.startswith("IAM error"):
            return StatementRejected(f"SURREAL_USER may not do this: {text}")
        case AlreadyExistsError() | ValidationError():
            return StatementRejected(text)
        case InternalError() if _REFUSALS.match(text):
            return StatementRejected(text)
    return None
