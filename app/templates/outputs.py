"""Arguments that choose how fal returns a video: only an mp4 at an address can be delivered."""

_CONTAINER_FIELDS = {"video_output_type", "output_format", "video_format"}
"""fal's names; the values are like ``X264 (.mp4)`` and ``VP9 (.webm)``."""
_INLINE_FIELD = "sync_mode"
"""With it, fal returns a ``data:`` URL."""


def refusal(path: str, value: object) -> str | None:
    """Return why a template must not have this argument, or None."""
    name = path.rpartition(".")[2]
    if name == _INLINE_FIELD and value not in {None, False}:
        return "must be false or left out, because the video is fetched from an address"
    if name in _CONTAINER_FIELDS and value is not None and "mp4" not in str(value).lower():
        return "must be an mp4 or left out, because only mp4 videos are delivered"
    return None
