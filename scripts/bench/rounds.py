"""Two measurements run alternately, so that other load on the machine affects both alike."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """The results of both, one per round."""

    ours: list[float]
    baseline: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the baseline, per round."""
        return [ours / base for ours, base in zip(self.ours, self.baseline, strict=True)]

    @property
    def median(self) -> float:
        return statistics.median(self.ours)

    @property
    def baseline_median(self) -> float:
        return statistics.median(self.baseline)


def alternate(rounds: int, ours: Callable[[], float], baseline: Callable[[], float]) -> Rounds:
    """Run both ``rounds`` times; they take turns in beginning a round."""
    measured: list[float] = []
    compared: list[float] = []
    for number in range(rounds):
        turns = [(ours, measured), (baseline, compared)]
        for measure, into in turns if number % 2 == 0 else reversed(turns):
            into.append(measure())
    return Rounds(measured, compared)
