"""A working replacement for fal inside this process: its queue, its storage, and real videos.

It speaks fal's wire format for ``queue.fal.run``, ``rest.fal.ai`` and ``v3.fal.media`` over an
httpx transport, so the code above it is the code that talks to fal. A prompt that contains
``forbidden-by-policy`` is refused the way fal refuses violations of its content policy.
"""

from app.local_fal.opening import open_local_fal

__all__ = ["open_local_fal"]
