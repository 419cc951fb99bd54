"""Limits of a user, enforced by the database over all processes together."""

from dataclasses import dataclass
from typing import Self

from app.settings import Settings

SUBMIT_SILENCE_SECONDS = 120
"""A submit without progress for this long is considered interrupted."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the function ``open`` enforces. ``silence`` and ``deadline`` are in seconds."""

    signup_grant: int
    in_flight: int
    per_minute: int
    silence: int
    deadline: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the limits from the settings."""
        return cls(
            signup_grant=settings.credits_signup_grant,
            in_flight=settings.max_jobs_in_flight,
            per_minute=settings.submits_per_minute,
            silence=max(SUBMIT_SILENCE_SECONDS, round(settings.submit_timeout) + 60),
            deadline=round(settings.job_deadline_hours * 3600),
        )
