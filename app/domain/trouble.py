"""A temporary failure of a job, and how long the service retries it."""

from dataclasses import dataclass

from app import times


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One kind of temporary failure, and its limits.

    The job fails with ``code`` and ``message`` after ``count`` failures in a row, or when
    ``seconds`` have passed since the first, without time in which nobody tried, or, with
    ``until_deadline``, at the job's deadline; without any of these it is retried for ever. The
    wait between two tries doubles from ``wait`` to ``longest_wait`` seconds, with jitter. With
    the sweep's interval on top, no job waits longer than a minute.
    """

    kind: str
    code: str
    message: str
    count: int | None = None
    seconds: int | None = None
    until_deadline: bool = False
    wait: int = 2
    longest_wait: int = times.LONGEST_RETRY_WAIT
