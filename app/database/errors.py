"""The database's refusals.

::

    ServiceError
    ├── Refused                 the answer to a statement is no; a retry would not help
    │   ├── Thrown              a SurrealQL function refused with THROW
    │   └── StatementRejected   the database cannot carry a statement out
    │       └── TableMissing    the statement names a table that does not exist
    ├── TransactionConflict     another transaction was first; nothing was written
    ├── SignInRefused           wrong user, password or level
    ├── StoreLocked             another process has the embedded store open
    └── MigrationFailed         a schema file cannot be applied
    DatabaseUnavailable
    ├── ConnectionLost          the connection cannot be used any more
    └── AnswerTimedOut          the SDK stopped waiting; the statements go on
"""

from app.errors import ConfigurationError, ServiceError
from app.problems import DatabaseUnavailable


class Refused(ServiceError):
    """The database's answer to a statement is no: a fault, unless the caller expects it."""


class Thrown(Refused):
    """A SurrealQL function refused with ``THROW 'code argument'``."""

    def __init__(self, thrown: str) -> None:
        super().__init__(thrown)
        self.code, _, self.argument = thrown.partition(" ")


class StatementRejected(Refused):
    """The database cannot carry a statement out: a type, an ASSERT, an unknown function."""


class TableMissing(StatementRejected):
    """A statement names a table that does not exist."""


class TransactionConflict(ServiceError):
    """Another transaction changed the same rows first; nothing was written, a retry is safe."""


class SignInRefused(ServiceError):
    """The server refused the user, the password or the level; it does not say which."""


class StoreLocked(ConfigurationError):
    """Another process has the embedded store open: only one can."""


class ConnectionLost(DatabaseUnavailable):
    """The connection broke or is no longer signed in, or no other can be opened."""


class AnswerTimedOut(DatabaseUnavailable):
    """The SDK stopped waiting after its fixed 30 s. The statements go on and may commit."""


class MigrationFailed(ServiceError):
    """A schema file cannot be applied and has changed nothing; the message names the file."""
