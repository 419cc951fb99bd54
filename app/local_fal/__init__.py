"""A working stand-in for fal, inside the process: its queue, its storage, and a real video.

It answers fal's wire format for ``queue.fal.run``, ``rest.fal.ai`` and ``v3.fal.media`` through
an httpx transport, so that everything above it is the code that talks to fal. A prompt that
contains ``forbidden-by-policy`` is refused as fal refuses what its content policy forbids.
"""

from app.local_fal.stand_in import LocalFal

__all__ = ["LocalFal"]
