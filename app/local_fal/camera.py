"""How the camera moves over a still picture."""

import math
from dataclasses import dataclass
from hashlib import sha256

CLOSEST = 1.15


@dataclass(frozen=True)
class View:
    """What the camera sees: all at ``zoom`` 1; ``x`` and ``y`` (0 to 1) place a closer view."""

    zoom: float
    x: float = 0.5
    y: float = 0.5

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the view, in fractions of pixels."""
        seen_width, seen_height = width / self.zoom, height / self.zoom
        left, top = (width - seen_width) * self.x, (height - seen_height) * self.y
        return left, top, left + seen_width, top + seen_height


@dataclass(frozen=True)
class Move:
    """A slow move from one view to another that starts and ends at rest."""

    start: View
    end: View

    def at(self, progress: float) -> View:
        """Return the view at ``progress``, which runs from 0 to 1."""
        eased = (1 - math.cos(math.pi * progress)) / 2
        start, end = self.start, self.end
        return View(
            zoom=start.zoom + (end.zoom - start.zoom) * eased,
            x=start.x + (end.x - start.x) * eased,
            y=start.y + (end.y - start.y) * eased,
        )


WHOLE, CENTRE = View(1), View(CLOSEST)
LEFT, RIGHT = View(CLOSEST, x=0), View(CLOSEST, x=1)
TOP, BOTTOM = View(CLOSEST, y=0), View(CLOSEST, y=1)
MOVES = (
    Move(WHOLE, CENTRE),
    Move(CENTRE, WHOLE),
    Move(LEFT, RIGHT),
    Move(RIGHT, LEFT),
    Move(BOTTOM, TOP),
    Move(WHOLE, TOP),
)


def move_for(seed: str) -> Move:
    """Choose a move by ``seed``: the same for the same seed, mostly another for another."""
    return MOVES[sha256(seed.encode()).digest()[0] % len(MOVES)]
