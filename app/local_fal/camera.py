"""The camera's moves over a still picture."""

import math
from dataclasses import dataclass
from hashlib import sha256

CLOSEST = 1.15
"""The largest zoom."""


@dataclass(frozen=True)
class View:
    """A part of the picture, all of it at ``zoom`` 1; ``x`` and ``y`` (0 to 1) give its place."""

    zoom: float
    x: float = 0.5
    y: float = 0.5

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of the view in pixels, which may be fractions."""
        view_width, view_height = width / self.zoom, height / self.zoom
        left, top = (width - view_width) * self.x, (height - view_height) * self.y
        return left, top, left + view_width, top + view_height


@dataclass(frozen=True)
class Move:
    """A move from one view to another that starts and ends slowly."""

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
    """Choose a move by ``seed``; equal seeds give the same move."""
    return MOVES[sha256(seed.encode()).digest()[0] % len(MOVES)]
