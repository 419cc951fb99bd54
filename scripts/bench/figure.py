"""A measured figure, its baseline, and whether it meets its goal."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """A bound on a figure's ratio to its baseline, or on its value if it has none."""

    kind: Literal["≥", "≤"]
    bound: float
    unit: str = ""

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.kind == "≥" else value <= self.bound

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, f"{self.bound:,g}", self.unit)))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table."""

    what: str
    measured: str
    """The value with its unit: ``7,400/s``."""
    beside: str = ""
    """The baseline's figure, or what else ran meanwhile."""
    values: Sequence[float]
    """One per round: ratios to the baseline, or values if there is none."""
    goal: Goal | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.value) else "missed"

    def to_row(self) -> str:
        spread = f" ({min(self.values):.3g} to {max(self.values):.3g})" * (len(self.values) > 1)
        cells = (
            self.what,
            self.measured,
            self.beside,
            f"{self.value:.3g}{spread}",
            str(self.goal or ""),
            self.verdict,
        )
        return f"| {' | '.join(cells)} |"


HEAD = """\
| figure | measured | compared with | ratio or value, median (rounds) | goal | |
|---|---|---|---|---|---|"""
