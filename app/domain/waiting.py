"""How long a user waits for a video, as far as it is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

FEWEST = 5
"""Jobs without which nothing is said."""
OUTLIERS = 10
"""One of so many waits may be far off: the fastest and the slowest tenth are left out."""


@dataclass(frozen=True, kw_only=True)
class WaitRange:
    """From the submit to the stored video, in whole seconds."""

    shortest: int
    longest: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self | None:
        """Return the range of what recent jobs took; None if there are too few of them."""
        if len(seconds) < FEWEST:
            return None
        left_out = len(seconds) // OUTLIERS
        usual = sorted(seconds)[left_out : len(seconds) - left_out]
        return cls(shortest=math.floor(usual[0]), longest=math.ceil(usual[-1]))
