"""Two contenders, run alternately so that whatever else the machine does hits both."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """What each contender measured, round by round."""

    ours: list[float]
    baseline: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours over the baseline, of each round."""
        return [ours / base for ours, base in zip(self.ours, self.baseline, strict=True)]

    @property
    def median(self) -> float:
        return statistics.median(self.ours)

    @property
    def baseline_median(self) -> float:
        return statistics.median(self.baseline)


def alternate(rounds: int, ours: Callable[[], float], baseline: Callable[[], float]) -> Rounds:
    """Run both ``rounds`` times, the one that begins taking turns."""
    measured: list[float] = []
    compared: list[float] = []
    for number in range(rounds):
        turns = [(ours, measured), (baseline, compared)]
        for contender, into in turns if number % 2 == 0 else reversed(turns):
            into.append(contender())
    return Rounds(measured, compared)
