"""Which of the systems that all instances share answered when they were last called.

An instance stays ready without them, so ``/readyz`` and a metric report them.
"""

from typing import Literal

from app.telemetry.metrics import DEPENDENCY_UP

Dependency = Literal["storage", "fal", "key_set", "fal_key_set"]

_up: dict[Dependency, bool] = {}


def record(dependency: Dependency, *, up: bool) -> None:
    """Remember the outcome of a call."""
    _up[dependency] = up
    DEPENDENCY_UP.labels(dependency).set(up)


def states() -> dict[Dependency, str]:
    """Return ``up`` or ``down`` for each that this process uses, ``up`` before its first call."""
    return {name: "up" if up else "down" for name, up in _up.items()}


record("storage", up=True)
record("fal", up=True)
