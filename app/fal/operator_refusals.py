"""Refusals that are about this service's key or account at fal, not about a job.

fal locks accounts for minutes or days: 403 "User is locked. Reason: Exhausted balance"
(https://github.com/fal-ai/fal/issues/1112).
"""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from app.errors import FalOperatorRefused, FalRefused
from app.fal.lanes import LANES
from app.telemetry.metrics import OPERATOR_REFUSALS

log = logging.getLogger(__name__)

STATUSES = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
LOG_INTERVAL = 60.0
"""Seconds between two lines about one call and status: each job asks again every few seconds."""


class OperatorRefusals:
    """Counts the refusals, and logs fal's reason: users must not see it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[tuple[str, int], float] = {}
        for call in LANES:
            for status in STATUSES:  # exports 0 before the first one: an alert compares it
                OPERATOR_REFUSALS.labels(call, status.value)

    def check(self, call: str, refusal: FalRefused) -> None:
        """Return if ``refusal`` is about the job.

        Raises:
            FalOperatorRefused: it is about the operator.

        """
        if refusal.status not in STATUSES:
            return
        OPERATOR_REFUSALS.labels(call, refusal.status).inc()
        now = self._clock()
        if now - self._logged.get((call, refusal.status), -LOG_INTERVAL) >= LOG_INTERVAL:
            self._logged[call, refusal.status] = now
            log.error(
                "fal refuses this service at %s: %d, %s "
                "(check FAL_KEY, and whether its account is locked or out of money)",
                call,
                refusal.status,
                refusal,
            )
        raise FalOperatorRefused from refusal
