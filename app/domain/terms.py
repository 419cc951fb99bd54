"""What the store of jobs is told: limits, drafts, troubles, stored videos."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app import times
from app.settings import Settings
from app.templates.template import Template, Value

SILENCE_SECONDS = 120
"""Without a sign of life after which a submit is taken for dead."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a user cannot pass; the database keeps them over all processes together."""

    signup_grant: int
    in_flight: int
    per_minute: int
    silence: int
    deadline: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the limits from the settings; times in whole seconds."""
        return cls(
            signup_grant=settings.credits_signup_grant,
            in_flight=settings.max_jobs_in_flight,
            per_minute=settings.submits_per_minute,
            silence=max(SILENCE_SECONDS, round(settings.submit_timeout) + 60),
            deadline=round(settings.job_deadline_hours * 3600),
        )


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A job that is about to be opened."""

    id: str
    user: str
    user_email: str
    template: Template
    variables: Mapping[str, Value]
    idempotency_key: str | None
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that may pass, how often it is borne, and what it ends in.

    ``count`` bounds it in times in a row, ``seconds`` since it began; the wait between two
    tries doubles from ``wait`` to ``longest_wait`` seconds, give or take some: with the
    sweep's interval on top nobody waits longer than the minute that fal's retention allows.
    """

    kind: str
    code: str
    message: str
    count: int | None = None
    seconds: int | None = None
    wait: int = 2
    longest_wait: int = times.LONGEST_RETRY_WAIT


@dataclass(frozen=True, kw_only=True)
class StoredVideo:
    """What a completed job knows of its video."""

    poster_key: str
    title: str
    bytes: int
    sha256: str
    duration_seconds: float
    width: int
    height: int
