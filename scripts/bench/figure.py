"""One measured figure: what, beside what, and whether it meets its goal."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Goal:
    """A bound on a figure's ratio, or on its value where it has no baseline."""

    kind: Literal["≥", "≤"]
    bound: float
    unit: str = ""

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.kind == "≥" else value <= self.bound

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, f"{self.bound:,g}", self.unit)))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table."""

    what: str
    measured: str
    """With its unit: ``7,400/s``."""
    beside: str = ""
    """What it is to be seen beside: a baseline's own figure, or what went on meanwhile."""
    values: Sequence[float]
    """What the goal is about, one a round: ratios, or values where there is no baseline."""
    goal: Goal | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.value) else "missed"

    def to_json(self) -> dict[str, Any]:
        goal = str(self.goal) if self.goal else None
        return asdict(self) | {"goal": goal, "value": self.value, "verdict": self.verdict}

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
| what | measured | beside | ratio or value, median (rounds) | goal | |
|---|---|---|---|---|---|"""


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    return "\n".join([HEAD, *(figure.to_row() for figure in figures)])
